package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

func TestRawShare(t *testing.T) {
	for in, want := range map[float64]int64{0: 1_000_000, 1: 1_000_000, 0.25: 250_000, 0.000001: 1, 0.0000015: 2} {
		if got, err := (Options{RawShare: in}).share(); err != nil || got != want {
			t.Errorf("share of %v = %d, error %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []float64{-0.1, 1.5, 0.0000001} {
		if _, err := (Options{RawShare: in}).share(); err == nil || !strings.Contains(err.Error(), fmt.Sprint(in)) {
			t.Errorf("share of %v: error = %v, want one that names it", in, err)
		}
	}
}

func TestSampledReadsWhatIsRendered(t *testing.T) {
	for _, share := range []int64{1, 250_000, whole} {
		statements, err := Plain.render("requests_view", share)
		if err != nil {
			t.Fatal(err)
		}
		if got := sampled(strings.Join(statements, "\n")); got != share {
			t.Errorf("a view of %d millionths reads as %d", share, got)
		}
	}
}

// testSampling inserts calls of two rows each: a quarter of the calls is kept,
// with both of their rows, and all that failed or were tried again.
func testSampling(t *testing.T, dsn string, conn driver.Conn) {
	keep := func(share float64) {
		t.Helper()
		if err := Ensure(t.Context(), dsn, Options{RawShare: share}); err != nil {
			t.Fatal(err)
		}
	}
	number := func(sql string) (n uint64) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	insert := func(values, where string) {
		t.Helper()
		err := conn.Exec(t.Context(), `INSERT INTO requests_in
			(ts, call_id, trace_id, request_id, outcome, attempts, attempt, vantage, first_byte_bin, details) SELECT now('UTC'), `+values+`,
			arrayJoin(['client', 'server']), -1, '`+where+`' FROM numbers(4000)`)
		if err != nil {
			t.Fatal(err)
		}
	}
	const (
		call    = "reinterpretAsFixedString(sipHash128(number, 'call'))"
		trace   = "reinterpretAsFixedString(sipHash128(number, 'trace'))"
		no      = "toFixedString('', 16)"
		request = "toString(number)"
	)
	keep(0.25)
	insert(call+", "+no+", '', 'ok', 1, 0", "calls")
	insert(no+", "+trace+", '', 'ok', 1, 0", "traces")
	insert(no+", "+no+", "+request+", 'ok', 1, 0", "neither")
	insert(call+", "+no+", '', 'timeout', 1, 0", "failed")
	insert(call+", "+no+", '', 'client_error', 1, 0", "refused")
	insert(call+", "+no+", '', 'ok', 2, 0", "retried")
	insert(call+", "+no+", '', 'ok', 1, 2", "second try")
	for kind, want := range map[string][2]uint64{
		"calls": {1850, 2150}, "traces": {1850, 2150}, "neither": {1850, 2150},
		"failed": {8000, 8000}, "refused": {8000, 8000}, "retried": {8000, 8000}, "second try": {8000, 8000},
	} {
		if n := number("SELECT count() FROM requests WHERE details = '" + kind + "'"); n < want[0] || n > want[1] {
			t.Errorf("%s: %d rows of 8000 are kept, want %v", kind, n, want)
		}
	}
	if n := number("SELECT count() FROM (SELECT call_id, count() AS n FROM requests WHERE details = 'calls' GROUP BY call_id HAVING n != 2)"); n != 0 {
		t.Errorf("of %d calls one row is kept and the other is not", n)
	}
	if n := number("SELECT sum(requests) FROM edge_counts_1m"); n != 7*8000 {
		t.Errorf("rollups count %d rows, want all %d", n, 7*8000)
	}
	testViewsCoverTargets(t, dsn, conn)

	keep(0.5)
	insert(call+", "+no+", '', 'ok', 1, 0", "half")
	if n := number("SELECT count() FROM requests WHERE details = 'half'"); n < 3800 || n > 4200 {
		t.Errorf("%d rows of 8000 are kept, want half", n)
	}
	quarter := "SELECT call_id FROM requests WHERE details = 'calls'"
	if n := number("SELECT count() FROM (" + quarter + ") WHERE call_id NOT IN (SELECT call_id FROM requests WHERE details = 'half')"); n != 0 {
		t.Errorf("%d rows of a smaller share are not in the larger one", n)
	}
	keep(0)
	insert(call+", "+no+", '', 'ok', 1, 0", "all")
	if n := number("SELECT count() FROM requests WHERE details = 'all'"); n != 8000 {
		t.Errorf("%d rows of 8000 are kept, want all", n)
	}
}
