package rows

import (
	"context"
	"crypto/md5"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// openStore starts an engine with the schema; the first connection reads, as
// the analyzer's does, the second writes.
func openStore(t *testing.T) (reader, writer driver.Conn) {
	t.Helper()
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if writer, err = query.OpenWriter(parsed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close() })
	if reader, err = query.Open(dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader, writer
}

// t0 is a whole hour of today: the tables drop what is older than days.
var t0 = time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)

var edge = &typesv1.EdgeRef{Namespace: "default", SrcService: "reviews", DstService: "ratings"}

func id(name string) string {
	sum := md5.Sum([]byte(name))
	return string(sum[:])
}

// try is a row of attempts; the zero fields are filled by defaults.
type try struct {
	at            time.Duration
	src, dst      string // node ids
	service       string // of dst
	route         string
	number        uint8
	code          uint16
	outcome       record.Outcome
	flags         record.Flags
	us, firstByte uint32
	call, request string
}

func (r try) values() []any {
	src, dst, service, call := r.src, r.dst, r.service, r.call
	if src == "" {
		src = "m/local/default/reviews-v2"
	}
	if dst == "" {
		dst = "m/local/default/ratings"
	}
	if service == "" {
		service = "ratings"
	}
	if call != "" {
		call = id(call)
	}
	return []any{t0.Add(r.at), src, "reviews", dst, service, r.route, r.number, r.code, r.outcome.String(), uint64(r.flags), r.us, r.firstByte, call, r.request}
}

func insertTries(t *testing.T, conn driver.Conn, tries ...try) {
	t.Helper()
	b, err := conn.PrepareBatch(t.Context(), `INSERT INTO attempts_in (ts, src, src_service, dst, dst_service, route, number, code,
		outcome, flags, duration_us, first_byte_us, call_id, request_id)`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tries {
		if err := b.Append(r.values()...); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(); err != nil {
		t.Fatal(err)
	}
}

// request is a row of requests.
type request struct {
	at       time.Duration
	vantage  record.Vantage
	src, dst string // services
	outcome  record.Outcome
	attempts uint8
	us       uint32
	trace    string
}

func insertRequests(t *testing.T, conn driver.Conn, requests ...request) {
	t.Helper()
	b, err := conn.PrepareBatch(t.Context(), `INSERT INTO requests_in (ts, vantage, src, src_service, dst, dst_service, outcome,
		attempts, duration_us, duration_bin, first_byte_bin, trace_id)`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		trace := r.trace
		if trace != "" {
			trace = id(trace)
		}
		err := b.Append(t0.Add(r.at), r.vantage.String(), "m/local/default/"+r.src, r.src, "m/local/default/"+r.dst, r.dst,
			r.outcome.String(), r.attempts, r.us, int16(record.BinOf(r.us)), int16(-1), trace)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(); err != nil {
		t.Fatal(err)
	}
}

// TestStore runs the queries on a real engine.
func TestStore(t *testing.T) {
	reader, writer := openStore(t)
	t.Run("tries", func(t *testing.T) { testTries(t, reader, writer) })
	t.Run("requests", func(t *testing.T) { testRequests(t, reader, writer) })
	t.Run("outside", func(t *testing.T) { testOutside(t, reader, writer) })
}

func testTries(t *testing.T, reader, writer driver.Conn) {
	s := time.Second
	insertTries(t, writer,
		try{at: 1 * s, call: "a", number: 1, outcome: record.OutcomeTimeout, flags: record.FlagUT, us: 100_300, route: "r1"},
		try{at: 2 * s, call: "a", number: 2, code: 200, outcome: record.OutcomeOK, us: 50_000, firstByte: 44_000, route: "r1"},
		try{at: 3 * s, src: "m/local/default/reviews-v3", request: "b", code: 503, outcome: record.OutcomeServerError, us: 300, route: "r2"},
		try{at: 4 * s, code: 200, outcome: record.OutcomeOK, us: 7, route: "r1"},
		// Not of the edge:
		try{at: 2 * s, service: "details", call: "x"},
		try{at: 2 * s, src: "m/local/other/reviews-v2", call: "x"},
		try{at: 2 * s, dst: "m/local/other/ratings", call: "x"},
		// Just outside of [1s, 10s):
		try{at: 1*s - time.Microsecond, call: "x"},
		try{at: 10 * s, call: "x"},
	)
	w := Window{t0.Add(1 * s), t0.Add(10 * s)}
	want := []verdict.Try{
		{End: t0.Add(1 * s), Duration: 100_300, Number: 1, Outcome: record.OutcomeTimeout, Flags: record.FlagUT},
		{End: t0.Add(2 * s), Duration: 50_000, FirstByte: 44_000, Number: 2, Code: 200, Outcome: record.OutcomeOK},
		{End: t0.Add(3 * s), Duration: 300, Code: 503, Outcome: record.OutcomeServerError},
		{End: t0.Add(4 * s), Duration: 7, Code: 200, Outcome: record.OutcomeOK},
	}
	got := read(t, reader, edge, w, 100)
	if diff := cmp.Diff(want, got.Tries, cmpopts.IgnoreFields(verdict.Try{}, "Call")); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
	if got.Capped || !got.From.Equal(w.From) || !got.To.Equal(w.To) {
		t.Errorf("window %v to %v, capped %v", got.From, got.To, got.Capped)
	}
	calls := []uint64{got.Tries[0].Call, got.Tries[1].Call, got.Tries[2].Call, got.Tries[3].Call}
	if calls[0] == 0 || calls[0] != calls[1] || calls[2] == 0 || calls[2] == calls[0] || calls[3] != 0 {
		t.Errorf("call keys %v: want a, a, b, none", calls)
	}

	oneRoute := &typesv1.EdgeRef{Namespace: "default", SrcService: "reviews", DstService: "ratings", Route: "r2"}
	if got := read(t, reader, oneRoute, w, 100); len(got.Tries) != 1 || got.Tries[0].Code != 503 {
		t.Errorf("route r2: %+v, want the one try", got.Tries)
	}
	capped := read(t, reader, edge, w, 3)
	if !capped.Capped || len(capped.Tries) != 3 || !capped.To.Equal(t0.Add(3*s+time.Microsecond)) {
		t.Errorf("limit 3: %d tries, capped %v, to %v", len(capped.Tries), capped.Capped, capped.To)
	}
	if exact := read(t, reader, edge, w, 4); exact.Capped || len(exact.Tries) != 4 {
		t.Errorf("limit 4 of 4 tries: %d, capped %v", len(exact.Tries), exact.Capped)
	}
}

func testRequests(t *testing.T, reader, writer driver.Conn) {
	at := 20 * time.Second
	insertRequests(t, writer,
		request{at: at, vantage: record.VantageClient, src: "reviews", dst: "ratings", outcome: record.OutcomeOK, attempts: 2},
		request{at: at, vantage: record.VantageClient, src: "reviews", dst: "ratings", outcome: record.OutcomeTimeout, attempts: 4},
		request{at: at, vantage: record.VantageClient, src: "reviews", dst: "ratings", outcome: record.OutcomeOverflow},
		request{at: at, vantage: record.VantageServer, src: "reviews", dst: "ratings", outcome: record.OutcomeOK, attempts: 1},
		request{at: at, vantage: record.VantageClient, src: "reviews", dst: "details", outcome: record.OutcomeOK, attempts: 1},
	)
	got := read(t, reader, edge, Window{t0.Add(at), t0.Add(at + time.Second)}, 10)
	want := verdict.Requests{Total: 3, Attempts: 6, TimedOut: 1}
	if diff := cmp.Diff(want, got.Requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if none := read(t, reader, edge, Window{t0.Add(time.Hour), t0.Add(2 * time.Hour)}, 10); none.Requests != (verdict.Requests{}) {
		t.Errorf("requests of an empty stretch: %+v", none.Requests)
	}
}

func testOutside(t *testing.T, reader, writer driver.Conn) {
	at := 40 * time.Second
	client := record.VantageClient
	insertRequests(t, writer,
		// The root takes 90 ms, the longer of its two calls of the edge 60.
		request{at: at, vantage: record.VantageServer, src: "user", dst: "productpage", us: 90_000, trace: "1"},
		request{at: at, vantage: client, src: "reviews", dst: "ratings", us: 60_000, trace: "1"},
		request{at: at, vantage: client, src: "reviews", dst: "ratings", us: 10_000, trace: "1"},
		// The server's row of a call is not a call of its own.
		request{at: at, vantage: record.VantageServer, src: "reviews", dst: "ratings", us: 59_000, trace: "1"},
		// A trace that does not touch the edge, and rows without a trace.
		request{at: at, vantage: client, src: "productpage", dst: "details", us: 500_000, trace: "2"},
		request{at: at, vantage: client, src: "reviews", dst: "ratings", us: 400_000},
	)
	got, err := Outside(t.Context(), reader, edge, Window{t0, t0.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if want := (verdict.Outside{P99: 30 * time.Millisecond, Traces: 1}); got != want {
		t.Errorf("outside = %+v, want %+v", got, want)
	}
	// Only the last ten minutes of a window are looked at.
	got, err = Outside(t.Context(), reader, edge, Window{t0, t0.Add(11 * time.Minute)})
	if err != nil || got.Traces != 0 {
		t.Errorf("outside = %+v, %v, want no traces", got, err)
	}
}

func read(t *testing.T, conn driver.Conn, e *typesv1.EdgeRef, w Window, limit int) verdict.Rows {
	t.Helper()
	r, err := Read(t.Context(), conn, e, w, limit)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEmptyWindowAsksNothing(t *testing.T) {
	w := Window{t0, t0}
	r, err := Read(t.Context(), nil, edge, w, 10)
	if err != nil || len(r.Tries) != 0 {
		t.Errorf("Read = %+v, %v", r, err)
	}
	if o, err := Outside(t.Context(), nil, edge, w); err != nil || o != (verdict.Outside{}) {
		t.Errorf("Outside = %+v, %v", o, err)
	}
}

func TestErrorsNameTheEdge(t *testing.T) {
	conn, err := query.Open("unix:///nonexistent/clickhouse.sock?database=d")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	w := Window{t0, t0.Add(time.Second)}
	if _, err := Read(ctx, conn, edge, w, 10); err == nil || !cmp.Equal(err.Error()[:36], "reading tries of reviews to ratings:") {
		t.Errorf("Read: %v", err)
	}
	if _, err := Outside(ctx, conn, edge, w); err == nil {
		t.Error("Outside: no error")
	}
}
