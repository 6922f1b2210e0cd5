package alert

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// TestSpine is the way from stored rows to a receiver over real HTTP: seventy
// seconds of traffic, of which twenty fail.
func TestSpine(t *testing.T) {
	conn := openStore(t)
	start := time.Now().Add(-time.Hour).Truncate(time.Minute)
	insertTraffic(t, conn, start)

	r := &receiver{t: t, now: time.Now}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		resp, err := r.RoundTrip(req)
		if err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(resp.StatusCode)
	}))
	defer server.Close()
	s := testSLO()
	s.Indicator = slo.Indicator{Service: "shop", Good: []record.Outcome{record.OutcomeOK, record.OutcomeClientError}}
	evaluator := slo.NewEvaluator(conn, slo.StoreWatermark(conn), []*slo.SLO{s})
	db := openState(t, t.TempDir())
	a, err := newAlerts(Config{Every: time.Second, Targets: []Target{{Name: "a", URL: server.URL, SecretFile: secretFile(t)}}},
		db, evaluator, quiet(), nil)
	if err != nil {
		t.Fatal(err)
	}

	a.dispatchers[0].ledger = a.ledger
	defer a.dispatchers[0].sender.client.CloseIdleConnections()

	// Rows are complete up to five seconds before the last heartbeat, so a bucket
	// that ends at 30 s is seen from 35 s on.
	for _, tc := range []struct {
		second   int
		incident string
		received string
	}{
		{26, "", ""},
		{34, "", ""},
		{36, firing, "firing"},
		{46, firing, "firing"}, // still hot
		{56, firing, "firing"}, // calm for the first time
		{66, resolved, "firing resolved"},
	} {
		at := start.Add(time.Duration(tc.second) * time.Second)
		if err := a.Evaluate(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		for {
			if sent, err := a.dispatchers[0].deliver(t.Context()); err != nil {
				t.Fatal(err)
			} else if !sent {
				break
			}
		}
		if got := r.statuses(); got != tc.received {
			t.Errorf("after %d s received %q, want %q", tc.second, got, tc.received)
		}
		if got := lastState(t, a.ledger); got != tc.incident {
			t.Errorf("after %d s the incident is %q, want %q", tc.second, got, tc.incident)
		}
	}
}

func openStore(t *testing.T) driver.Conn {
	t.Helper()
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	d, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := query.OpenWriter(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// insertTraffic writes ten requests to "shop" in each of seventy seconds, of
// which those from 20 s to 40 s time out, and the heartbeats of a collector.
func insertTraffic(t *testing.T, conn driver.Conn, start time.Time) {
	t.Helper()
	err := conn.Exec(t.Context(), `INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, outcome)
		SELECT fromUnixTimestamp64Micro(? + intDiv(number, 10) * 1000000, 'UTC'), 'client', 'm/c/ns/web', 'web', 'm/c/ns/shop', 'shop',
			if(number >= 200 AND number < 400, 'timeout', 'ok') FROM numbers(700)`, start.UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	err = conn.Exec(t.Context(), `INSERT INTO heartbeats_in (ts, collector, complete_through)
		SELECT fromUnixTimestamp64Micro(? + number * 1000000, 'UTC') AS beat, 'one', beat FROM numbers(71)`, start.UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
}

// lastState is the state of the only incident, "" without one.
func lastState(t *testing.T, l ledger) string {
	t.Helper()
	list, err := readIncidents(t.Context(), l.db, "")
	switch {
	case err != nil || len(list) > 1:
		t.Fatalf("incidents %v, %v", list, err)
	case len(list) == 0:
		return ""
	case list[0].ResolvedAt.IsZero():
		return firing
	}
	return resolved
}
