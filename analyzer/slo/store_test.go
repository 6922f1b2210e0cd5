package slo

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// open starts an empty store and returns a connection that may write.
func open(t *testing.T) driver.Conn {
	t.Helper()
	dsn := enginetest.Start(t)
	d, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := query.OpenWriter(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	return conn
}

// call is a number of equal requests.
type call struct {
	at       time.Duration // after t0
	src      string        // "service" or a node id
	vantage  string
	dst      string // "namespace/service"
	route    string
	outcome  record.Outcome
	duration time.Duration
	n        int
}

func (c call) values() []any {
	src, srcService := "m/c/ns/"+c.src, c.src
	if c.src == "unknown/ns" {
		src, srcService = c.src, ""
	}
	var ns, service string
	fmt.Sscanf(c.dst, "%2s/%s", &ns, &service)
	us := uint32(c.duration.Microseconds())
	return []any{
		t0.Add(c.at), c.vantage, src, srcService, "m/c/" + ns + "/" + service + "-v1", service,
		c.route, "GET", c.outcome.String(), us, int16(record.BinOf(us)), int16(-1), uint8(1),
	}
}

func insert(t *testing.T, conn driver.Conn, calls ...call) {
	t.Helper()
	batch, err := conn.PrepareBatch(t.Context(), `INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service,
		route, method, outcome, duration_us, duration_bin, first_byte_bin, attempts)`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		for range c.n {
			if err := batch.Append(c.values()...); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
}

// beat writes a heartbeat of collector "one" every five seconds of the window.
func beat(t *testing.T, conn driver.Conn, from, to time.Duration) {
	t.Helper()
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO heartbeats_in (ts, collector, complete_through)")
	if err != nil {
		t.Fatal(err)
	}
	for at := from; at <= to; at += 5 * s {
		if err := batch.Append(t0.Add(at), "one", t0.Add(at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
}

const (
	good    = record.OutcomeOK
	refused = record.OutcomeClientError
	failed  = record.OutcomeServerError
	gone    = record.OutcomeClientGone
	late    = record.OutcomeTimeout
)

// TestStore runs everything that reads the store on one engine.
func TestStore(t *testing.T) {
	conn := open(t)
	insert(t, conn,
		// shop/cart: called by web, which reports, and by a caller that does not.
		call{0, "web", "client", "n1/cart", "list", good, 90 * time.Millisecond, 10},
		call{5 * s, "web", "client", "n1/cart", "pay", refused, 100 * time.Millisecond, 3},
		call{9999 * time.Millisecond, "web", "client", "n1/cart", "pay", failed, 50 * time.Millisecond, 2},
		call{10 * s, "web", "client", "n1/cart", "pay", late, 300 * time.Millisecond, 1},
		call{15 * s, "web", "client", "n1/cart", "list", good, 100*time.Millisecond + time.Microsecond, 4},
		call{15 * s, "web", "client", "n1/cart", "list", gone, 10 * time.Millisecond, 5},
		call{5 * s, "web", "server", "n1/cart", "list", failed, 10 * time.Millisecond, 70}, // its tries
		call{5 * s, "unknown/ns", "server", "n1/cart", "list", good, 20 * time.Millisecond, 20},
		call{5 * s, "unknown/ns", "gateway", "n1/cart", "list", good, 20 * time.Millisecond, 400},
		call{5 * s, "cart", "client", "n1/cart", "list", failed, 20 * time.Millisecond, 300},  // to itself
		call{5 * s, "web", "client", "n2/cart", "list", good, 20 * time.Millisecond, 1000},    // of another namespace
		call{5 * s, "web", "client", "n1/stock", "list", good, 20 * time.Millisecond, 10_000}, // another service
	)
	beat(t, conn, 0, 60*s)

	t.Run("counts", func(t *testing.T) { testCounts(t, store{conn}) })
	t.Run("series", func(t *testing.T) { testSeries(t, store{conn}) })
	t.Run("long windows", func(t *testing.T) { testLongWindows(t, conn) })
	t.Run("cuts", func(t *testing.T) { testCuts(t, conn) })
	t.Run("sight", func(t *testing.T) { testSight(t, conn) })
	t.Run("status", func(t *testing.T) { testStatus(t, conn) })
	t.Run("against rows", func(t *testing.T) { testAgainstRows(t, conn) })
	t.Run("names that need quoting", func(t *testing.T) {
		_, err := store{conn}.counts(t.Context(), Indicator{Service: `it's \ "odd" ?`, Route: "?", Good: defaultGood()}, []Window{span(0, m)}, nil)
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := (store{conn}).counts(ctx, Indicator{Service: "cart", Good: defaultGood()}, []Window{span(0, m)}, nil); err == nil {
			t.Error("counting with a cancelled context: no error")
		}
	})
}

func testCounts(t *testing.T, src store) {
	windows := []Window{span(0, 20*s), span(10*s, 20*s), span(0, 10*s), span(20*s, 60*s)}
	for _, tc := range []struct {
		name string
		in   Indicator
		want []Count
	}{
		{"all routes", Indicator{Service: "cart", Namespace: "n1", Good: defaultGood()}, []Count{{Good: 37, Total: 45}, {Good: 4, Total: 10}, {Good: 33, Total: 35}, {}}},
		{"any namespace", Indicator{Service: "cart", Good: defaultGood()}, []Count{{Good: 1037, Total: 1045}, {Good: 4, Total: 10}, {Good: 1033, Total: 1035}, {}}},
		{"one route", Indicator{Service: "cart", Namespace: "n1", Route: "pay", Good: defaultGood()}, []Count{{Good: 3, Total: 6}, {Good: 0, Total: 1}, {Good: 3, Total: 5}, {}}},
		{"other good outcomes", Indicator{Service: "cart", Namespace: "n1", Good: []record.Outcome{gone, late}}, []Count{{Good: 6, Total: 45}, {Good: 6, Total: 10}, {Good: 0, Total: 35}, {}}},
		// at or below the bound: 10 of 90 ms, 3 refused of exactly 100 ms, 20 of 20 ms
		{"latency", Indicator{Service: "cart", Namespace: "n1", Good: defaultGood(), Latency: 100 * time.Millisecond}, []Count{{Good: 33, Total: 45}, {Good: 0, Total: 10}, {Good: 33, Total: 35}, {}}},
		{"looser", Indicator{Service: "cart", Namespace: "n1", Good: defaultGood(), Latency: 110 * time.Millisecond}, []Count{{Good: 37, Total: 45}, {Good: 4, Total: 10}, {Good: 33, Total: 35}, {}}},
		{"tighter", Indicator{Service: "cart", Namespace: "n1", Good: defaultGood(), Latency: 99 * time.Millisecond}, []Count{{Good: 30, Total: 45}, {Good: 0, Total: 10}, {Good: 30, Total: 35}, {}}},
		{"one caller", Indicator{Service: "cart", Namespace: "n1", Caller: "web", Good: defaultGood()}, []Count{{Good: 17, Total: 25}, {Good: 4, Total: 10}, {Good: 13, Total: 15}, {}}},
		{"a method", Indicator{Service: "cart", Namespace: "n1", Method: "GET", Good: defaultGood()}, []Count{{Good: 37, Total: 45}, {Good: 4, Total: 10}, {Good: 33, Total: 35}, {}}},
		{"another method", Indicator{Service: "cart", Namespace: "n1", Method: "PUT", Good: defaultGood()}, []Count{{}, {}, {}, {}}},
		{"outcomes that count", Indicator{Service: "cart", Namespace: "n1", Good: defaultGood(), Valid: []record.Outcome{good, failed}}, []Count{{Good: 34, Total: 36}, {Good: 4, Total: 4}, {Good: 30, Total: 32}, {}}},
		{"unknown service", Indicator{Service: "nobody", Good: defaultGood()}, []Count{{}, {}, {}, {}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := src.counts(t.Context(), tc.in, windows, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// testCuts leaves out a minute in the middle of a window, and the deep past of
// one whose old part comes from hour buckets.
func testCuts(t *testing.T, conn driver.Conn) {
	insert(t, conn,
		call{-10 * m, "web", "client", "n1/cut", "r", good, time.Millisecond, 1},
		call{-5 * m, "web", "client", "n1/cut", "r", failed, time.Millisecond, 2},
		call{-m, "web", "client", "n1/cut", "r", good, time.Millisecond, 4},
	)
	in := Indicator{Service: "cut", Good: defaultGood()}
	windows := []Window{window.Before(t0, 60*window.Day), span(-20*m, 0), span(-2*m, 0)}
	for _, tc := range []struct {
		cuts []Window
		want []Count
	}{
		{nil, []Count{{Good: 5, Total: 7}, {Good: 5, Total: 7}, {Good: 4, Total: 4}}},
		{[]Window{span(-5*m, -4*m)}, []Count{{Good: 5, Total: 5}, {Good: 5, Total: 5}, {Good: 4, Total: 4}}},
		{[]Window{span(-h, -6*m), span(-90*s, 0)}, []Count{{Good: 0, Total: 2}, {Good: 0, Total: 2}, {}}},
	} {
		got, err := store{conn}.counts(t.Context(), in, windows, tc.cuts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("cuts %v: %s", tc.cuts, diff)
		}
	}
}

func testSeries(t *testing.T, src store) {
	in := Indicator{Service: "cart", Namespace: "n1", Good: defaultGood()}
	got, err := src.series(t.Context(), in, span(-10*s, 30*s), Grid)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Count{{}, {Good: 33, Total: 35}, {Good: 4, Total: 10}, {}}, got); diff != "" {
		t.Error(diff)
	}
	in.Latency = 100 * time.Millisecond
	got, err = src.series(t.Context(), in, span(0, 20*s), Grid)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Count{{Good: 33, Total: 35}, {Good: 0, Total: 10}}, got); diff != "" {
		t.Error(diff)
	}
}

// testLongWindows counts a window of eight hours, whose old part comes from
// minute buckets, against the sum of the rows; both kinds of indicator.
func testLongWindows(t *testing.T, conn driver.Conn) {
	insert(t, conn,
		call{-8 * h, "web", "client", "n1/deep", "r", good, time.Millisecond, 1},
		call{-8*h - time.Millisecond, "web", "client", "n1/deep", "r", good, time.Millisecond, 2}, // before
		call{-4 * h, "web", "client", "n1/deep", "r", failed, time.Millisecond, 4},
		call{-time.Millisecond, "web", "client", "n1/deep", "r", good, time.Millisecond, 8},
		call{0, "web", "client", "n1/deep", "r", good, 5 * time.Millisecond, 16},
		call{29 * s, "web", "client", "n1/deep", "r", good, time.Millisecond, 32},
		call{30 * s, "web", "client", "n1/deep", "r", good, time.Millisecond, 64}, // after
	)
	windows := []Window{window.Before(t0.Add(30*s), 8*h), span(0, 30*s)}
	in := Indicator{Service: "deep", Good: defaultGood()}
	for latency, want := range map[time.Duration][]Count{
		0:                    {{Good: 57, Total: 61}, {Good: 48, Total: 48}},
		2 * time.Millisecond: {{Good: 41, Total: 61}, {Good: 32, Total: 48}},
	} {
		in.Latency = latency
		got, err := store{conn}.counts(t.Context(), in, windows, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("latency %v: %s", latency, diff)
		}
	}
}

func testSight(t *testing.T, conn driver.Conn) {
	got, err := store{conn}.sight(t.Context(), span(-m, 2*m))
	if err != nil {
		t.Fatal(err)
	}
	want := Sight{First: t0, Blind: []Window{span(70*s, 2*m)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testStatus(t *testing.T, conn driver.Conn) {
	slo := demo()
	slo.Indicator = Indicator{Service: "cart", Namespace: "n1", Good: defaultGood()}
	e := NewEvaluator(conn, StoreWatermark(conn), []*SLO{slo})
	st := status(t, e, t0.Add(29*s)) // heartbeat of 25 s, complete through it, minus 5 s
	if want := t0.Add(20 * s); !st.Watermark.Equal(want) || !st.Window.To.Equal(want) {
		t.Errorf("watermark %v, window to %v, want %v", st.Watermark, st.Window.To, want)
	}
	if st.State != Exhausted || st.Count != (Count{Good: 37, Total: 45}) || st.Reason != "young: heartbeats cover 20s of 1h" {
		t.Errorf("status = %s %v %q", st.State, st.Count, st.Reason)
	}
	if r := st.Rows[0]; !r.Firing || r.Long.Count != (Count{Good: 37, Total: 45}) || r.Short.Count != (Count{Good: 4, Total: 10}) {
		t.Errorf("page row = %+v", r)
	}
	st = status(t, e, t0.Add(-h))
	if st.State != NoData || st.Reason == "" {
		t.Errorf("status before the first heartbeat = %s %q", st.State, st.Reason)
	}
	testDeadCollector(t, e)
	b, found, err := e.LastBurn(t.Context(), t0.Add(40*s))
	if err != nil || !found || b.Stressed != span(10*s, 20*s) {
		t.Errorf("last burn = %+v, %v, %v", b, found, err)
	}
}

// testDeadCollector freezes every SLO as soon as no collector is live, although
// the watermark of the store stands less than a minute back at first.
func testDeadCollector(t *testing.T, e *Evaluator) {
	for _, silence := range []time.Duration{31 * s, 50 * s, 10 * m} {
		st := status(t, e, t0.Add(60*s+silence))
		if st.State != NoData || !st.Watermark.IsZero() || !strings.Contains(st.Reason, "no collector has reported for "+silence.String()) {
			t.Errorf("after %s of silence: status = %s %q at watermark %v", silence, st.State, st.Reason, st.Watermark)
		}
		for _, r := range st.Rows {
			if r.Firing || r.Calm || r.NoData == "" {
				t.Errorf("after %s of silence a row is judged: %+v", silence, r)
			}
		}
	}
}

func TestSightWithoutHeartbeats(t *testing.T) {
	conn := open(t)
	got, err := store{conn}.sight(t.Context(), span(0, m))
	if diff := cmp.Diff(Sight{}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
