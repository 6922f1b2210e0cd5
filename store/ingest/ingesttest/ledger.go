// Package ingesttest counts what a store must hold, apart from the code that
// stores it: requests are made from their numbers, and what the tables hold is
// compared with the numbers that were handed over and acknowledged. Crash tests
// and long runs use it.
package ingesttest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// prefix begins the request ids.
const prefix = "n"

// Request makes the request of a number. Two calls give the same request. Ends
// lie in the ten minutes after base, so that rows share buckets and segments.
func Request(n int, base time.Time) *record.Request {
	outcome := record.OutcomeOK
	if n%7 == 0 {
		outcome = record.OutcomeServerError
	}
	r := &record.Request{
		End: base.Add(time.Duration(n*7919%600_000) * time.Millisecond), Vantage: record.VantageClient,
		Src: peer(n % 3), Dst: peer(3 + n%4), Route: fmt.Sprint("route-", n%5), Method: "GET", Protocol: "http2",
		Code: 200, GRPCStatus: -1, Outcome: outcome, Duration: uint32(100 + n*31%100_000), FirstByte: uint32(n * 17 % 5000),
		Attempts: uint8(1 + n%3), RequestBytes: uint64(n), ResponseBytes: uint64(2 * n), RequestID: prefix + strconv.Itoa(n),
	}
	r.CallID[0], r.CallID[1], r.CallID[2], r.CallID[3] = byte(n), byte(n>>8), byte(n>>16), 1
	return r
}

func peer(n int) record.Peer {
	return record.Peer{ID: fmt.Sprintf("mesh/local/default/w%d", n), Service: fmt.Sprintf("s%d", n), Version: "v1"}
}

// Ledger knows which requests were handed over, and which of those were
// acknowledged. Its methods may be called from many goroutines.
type Ledger struct {
	Base time.Time // of all requests

	mu     sync.Mutex
	handed map[int]bool
	acked  map[int]bool
}

// New returns an empty ledger.
func New(base time.Time) *Ledger {
	return &Ledger{Base: base, handed: map[int]bool{}, acked: map[int]bool{}}
}

// Handed notes that the requests [from, to) were or may have been handed over.
func (l *Ledger) Handed(from, to int) { l.note(l.handed, from, to) }

// Acked notes that the requests [from, to) were acknowledged.
func (l *Ledger) Acked(from, to int) { l.note(l.acked, from, to) }

func (l *Ledger) note(in map[int]bool, from, to int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := from; n < to; n++ {
		in[n] = true
	}
}

// Report compares the ledger with a store.
type Report struct {
	Handed   int
	Expected int // acknowledged
	Found    int // different requests in the raw table
	Lost     int // acknowledged and not found
	Twice    int // rows too many in the raw table
	Foreign  int // found and never handed over
	Unacked  int // found, handed over, and not acknowledged: a crash came before the answer
	Rollups  []string
}

// Exact tells whether every acknowledged request is there once, in the raw
// table and in every rollup, and nothing that was not handed over.
func (r Report) Exact() bool {
	return r.Lost == 0 && r.Twice == 0 && r.Foreign == 0 && len(r.Rollups) == 0
}

// String is the report as a table.
func (r Report) String() string {
	var b strings.Builder
	for _, line := range []struct {
		name string
		n    int
	}{
		{"rows handed over", r.Handed},
		{"rows acknowledged (expected)", r.Expected},
		{"rows found", r.Found},
		{"  of those not acknowledged", r.Unacked},
		{"difference", r.Found - r.Unacked - r.Expected},
		{"lost", r.Lost},
		{"twice", r.Twice},
		{"never handed over", r.Foreign},
		{"rollup buckets that differ", len(r.Rollups)},
	} {
		fmt.Fprintf(&b, "%-30s %10d\n", line.name, line.n)
	}
	for _, text := range r.Rollups[:min(len(r.Rollups), 5)] {
		fmt.Fprintln(&b, " ", text)
	}
	return b.String()
}

// Compare reads the tables of the connection's database.
func (l *Ledger) Compare(ctx context.Context, conn driver.Conn) (r Report, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := l.raw(ctx, conn)
	if err != nil {
		return r, fmt.Errorf("counting raw rows: %w", err)
	}
	r.Handed, r.Expected, r.Found = len(l.handed), len(l.acked), len(rows)
	for n, copies := range rows {
		r.Twice += copies - 1
		switch {
		case !l.handed[n]:
			r.Foreign++
		case !l.acked[n]:
			r.Unacked++
		}
	}
	for n := range l.acked {
		if rows[n] == 0 {
			r.Lost++
		}
	}
	for suffix, step := range map[string]time.Duration{"10s": 10 * time.Second, "1m": time.Minute, "1h": time.Hour} {
		for table, sql := range rollupSQL(suffix) {
			got, err := sums(ctx, conn, sql)
			if err != nil {
				return r, fmt.Errorf("reading %s: %w", table, err)
			}
			r.Rollups = append(r.Rollups, differences(table, l.want(table, step, rows), got)...)
		}
	}
	slices.Sort(r.Rollups)
	return r, nil
}

// raw counts the copies of each request.
func (l *Ledger) raw(ctx context.Context, conn driver.Conn) (map[int]int, error) {
	rows, err := conn.Query(ctx, "SELECT request_id, count() FROM requests GROUP BY request_id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[int]int{}
	for rows.Next() {
		var id string
		var copies uint64
		if err := rows.Scan(&id, &copies); err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(strings.TrimPrefix(id, prefix))
		if err != nil {
			return nil, fmt.Errorf("request id %q is none of this ledger's: %w", id, err)
		}
		out[n] = int(copies)
	}
	return out, rows.Err()
}

// rollupSQL returns, by table, a query for a key and a list of sums.
func rollupSQL(suffix string) map[string]string {
	return map[string]string{
		"edge_counts_" + suffix: `SELECT concatWithSeparator('|', dst, src, route, outcome, toString(toUnixTimestamp(ts))) AS key,
			[sum(requests), sum(attempts), sum(request_bytes), sum(response_bytes), sum(duration_sum_us)] FROM edge_counts_` + suffix + ` GROUP BY key`,
		"edge_latency_" + suffix: `SELECT concatWithSeparator('|', dst, src, route, kind, toString(toUnixTimestamp(ts))) AS key,
			[sum(arraySum(mapValues(hist))), sum(arraySum((k, v) -> toUInt64(k) * v, mapKeys(hist), mapValues(hist)))] FROM edge_latency_` + suffix + ` GROUP BY key`,
	}
}

func sums(ctx context.Context, conn driver.Conn, sql string) (map[string][]uint64, error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]uint64{}
	for rows.Next() {
		var key string
		var n []uint64
		if err := rows.Scan(&key, &n); err != nil {
			return nil, err
		}
		out[key] = n
	}
	return out, rows.Err()
}

// want works out a rollup from the requests that are in the raw table, each
// taken once.
func (l *Ledger) want(table string, step time.Duration, rows map[int]int) map[string][]uint64 {
	out := map[string][]uint64{}
	add := func(key string, values ...uint64) {
		if out[key] == nil {
			out[key] = make([]uint64, len(values))
		}
		for i, v := range values {
			out[key][i] += v
		}
	}
	for n := range rows {
		q := Request(n, l.Base)
		edge := strings.Join([]string{q.Dst.ID, q.Src.ID, q.Route}, "|")
		ts := strconv.FormatInt(q.End.Truncate(step).Unix(), 10)
		if strings.HasPrefix(table, "edge_counts") {
			add(edge+"|"+q.Outcome.String()+"|"+ts, 1, uint64(q.Attempts), q.RequestBytes, q.ResponseBytes, uint64(q.Duration))
			continue
		}
		add(edge+"|total|"+ts, 1, uint64(record.BinOf(q.Duration)))
		if q.FirstByte > 0 {
			add(edge+"|ttfb|"+ts, 1, uint64(record.BinOf(q.FirstByte)))
		}
	}
	return out
}

func differences(table string, want, got map[string][]uint64) (out []string) {
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	for key := range keys {
		if !slices.Equal(want[key], got[key]) {
			out = append(out, fmt.Sprintf("%s %s: %v, want %v", table, key, got[key], want[key]))
		}
	}
	return out
}
