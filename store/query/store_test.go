package query_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// counted inserts what collectors and proxies count.
type counted struct {
	t      *testing.T
	writer driver.Conn
	zero   time.Time
}

func (c counted) micro(seconds float64) string {
	return fmt.Sprintf("fromUnixTimestamp64Micro(%d)", c.zero.Add(time.Duration(seconds*1e9)).UnixMicro())
}

// beat inserts the heartbeat of a proxy, of a run that started at the given
// second. Half of the others are interim, half are flows.
func (c counted) beat(seconds float64, collector, proxy string, started float64, requests, attempts, others int) {
	c.t.Helper()
	insert(c.t, c.writer, "heartbeats_in (ts, collector, proxy, started, requests, attempts, interim, flows)", fmt.Sprintf("(%s, '%s', '%s', %s, %d, %d, %d, %d)",
		c.micro(seconds), collector, proxy, c.micro(started), requests, attempts, others/2, others-others/2))
}

// stat inserts totals of a proxy; each is "scope object name growth total".
func (c counted) stat(seconds float64, proxy, node string, stats ...string) {
	c.t.Helper()
	var rows []string
	for _, s := range stats {
		f := strings.Fields(s)
		rows = append(rows, fmt.Sprintf("(%s, '%s', '%s', '%s', '%s', '%s', %s, %s)",
			c.micro(seconds), proxy, node, f[0], strings.Trim(f[1], "-"), f[2], f[3], f[4]))
	}
	insert(c.t, c.writer, "proxy_stats_in (ts, proxy, node, scope, object, name, value, total)", rows...)
}

// testCounts follows the counts of three proxies from rows to answers.
func testCounts(t *testing.T, writer, reader driver.Conn) {
	zero := time.Now().UTC().Truncate(time.Second).Add(-4 * time.Hour)
	c := counted{t, writer, zero}
	const log = "log grpc_access_log "
	// p1: all but 10 of 60 entries arrive, over a restart of the collector, and 20 are dropped.
	for _, s := range []float64{-1, 0, 1, 2, 3} {
		c.beat(s, "a", "p1", -7200, 60, 30, 10)
	}
	for _, s := range []float64{8, 9, 10, 11, 12, 13} {
		c.beat(s, "a", "p1", 5, 30, 15, 5)
	}
	c.stat(0, "p1", "node-1", log+"logs_written 0 110", log+"logs_dropped 0 0",
		"http outbound downstream_rq_total 0 70", "http outbound downstream_rq_active 0 0", "cluster x upstream_rq_total 0 40")
	c.stat(10, "p1", "node-1", log+"logs_written 60 170", log+"logs_dropped 20 20",
		"http outbound downstream_rq_total 50 120", "http admin downstream_rq_total 99 99",
		"cluster x upstream_rq_total 30 70", "cluster collector_als upstream_rq_total 5 5", "cluster inbound|80|| upstream_rq_total 9 9", "cluster inbound;80 upstream_rq_total 9 9")
	// p2 is not scraped, p3 reaches no collector and has an entry less than requests and tries.
	c.beat(5, "a", "p2", -7200, 1, 0, 0)
	c.stat(0, "p3", "node-3", log+"logs_written 0 0", log+"logs_dropped 0 0")
	c.stat(10, "p3", "node-3", log+"logs_written 4 4", "http outbound downstream_rq_total 5 5")

	from, to := zero, zero.Add(11*time.Second)
	got, err := query.Completeness(t.Context(), reader, from, to)
	if err != nil {
		t.Fatal(err)
	}
	exact := func(v float64) query.Interval { return query.Interval{Low: v, Estimate: v, High: v} }
	ratio := func(v float64) *query.Interval { i := exact(v); return &i }
	want := []query.ProxyCompleteness{
		{
			Proxy: "p1", Node: "node-1", From: zero, To: zero.Add(10 * time.Second),
			Written: 60, Dropped: 20, Received: exact(50), Silent: exact(10), Ratio: ratio(50. / 80),
		},
		{Proxy: "p2", Reason: query.NoCounters},
		{
			Proxy: "p3", Node: "node-3", From: zero, To: zero.Add(10 * time.Second),
			Written: 4, Received: exact(0), Silent: exact(4), Ratio: ratio(0),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	identities, err := query.Identity(t.Context(), reader, from, to)
	if err != nil {
		t.Fatal(err)
	}
	wantIdentities := []query.ProxyIdentity{
		{Proxy: "p1", Node: "node-1", From: zero, To: zero.Add(10 * time.Second), Logged: 80, Requests: 50, Tries: 30},
		{Proxy: "p3", Node: "node-3", From: zero, To: zero.Add(10 * time.Second), Logged: 4, Requests: 5, Gap: -1, Broken: true},
	}
	if diff := cmp.Diff(wantIdentities, identities); diff != "" {
		t.Error(diff)
	}

	// Seen over an hour, minutes are read together; the sums are the same.
	c.stat(3000, "p1", "node-1", log+"logs_written 5 175", log+"logs_dropped 0 20")
	c.stat(3010, "p1", "node-1", log+"logs_written 3 3", log+"logs_dropped 0 0")
	long, err := query.Completeness(t.Context(), reader, from, zero.Add(3*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if long[0].Written != 60+5+3 || long[0].Dropped != 20 || long[0].Resets != 1 {
		t.Errorf("over hours: %+v, want 68 written, 20 dropped, 1 reset", long[0])
	}
}

func testBlindIntervals(t *testing.T, writer, reader driver.Conn) {
	zero := time.Now().UTC().Truncate(time.Second).Add(-20 * time.Hour)
	after := func(seconds int) time.Time { return zero.Add(time.Duration(seconds) * time.Second) }
	for collector, seconds := range map[string][]int{
		"steady": {0, 20, 40, 60, 80, 100}, "paused": {0, 20, 60, 80, 100}, "dead": {-60, 0, 20}, "new": {90},
	} {
		for _, s := range seconds {
			beat(t, writer, collector, "", after(s), after(s))
		}
	}
	beat(t, writer, "paused", "a/proxy", after(40), after(40)) // speaks of the proxy, not of the collector
	got, err := query.BlindIntervals(t.Context(), reader, zero, after(110))
	if err != nil {
		t.Fatal(err)
	}
	want := []query.BlindInterval{
		{Collector: "dead", From: after(20), To: after(110), Open: true},
		{Collector: "paused", From: after(20), To: after(60)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testVerify(t *testing.T, writer, reader driver.Conn) {
	id := func(n byte) [16]byte { return [16]byte{0: 0xfe, 15: n} }
	for n, rows := range map[byte]int{1: 3, 2: 2, 3: 1} {
		execAll(t, writer, fmt.Sprintf(`INSERT INTO logs_in (ts, block_id)
			SELECT now('UTC'), unhex('fe%028x%02x') FROM numbers(%d)`, 0, n, rows))
	}
	blocks := []query.Block{
		{"logs_in", id(1), 3}, {"logs", id(2), 3}, {"logs_in", id(3), 0}, {"logs", id(4), 1}, {"spans_in", id(1), 3}, {"flows", id(9), 0},
	}
	got, err := query.Verify(t.Context(), reader, blocks)
	if err != nil {
		t.Fatal(err)
	}
	want := []query.Mismatch{
		{Block: blocks[1], Stored: 2}, {Block: blocks[2], Stored: 1}, {Block: blocks[3], Stored: 0}, {Block: blocks[4], Stored: 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	many := slices.Repeat([]query.Block{{"logs", id(1), 3}}, 2500)
	if got, err := query.Verify(t.Context(), reader, many); err != nil || len(got) != 0 {
		t.Errorf("%d of 2500 blocks differ, error %v", len(got), err)
	}
	for _, name := range []string{"logs; DROP TABLE logs", ""} {
		if _, err := query.Verify(t.Context(), reader, []query.Block{{Table: name}}); err == nil || !strings.Contains(err.Error(), "not the name of a table") {
			t.Errorf("table %q: error = %v", name, err)
		}
	}
	if _, err := query.Verify(t.Context(), reader, []query.Block{{Table: "nothing"}}); err == nil || !strings.Contains(err.Error(), "verifying 1 blocks of table nothing") {
		t.Errorf("error = %v, want one that names the table", err)
	}
}

func testStoreReport(t *testing.T, writer, reader driver.Conn) {
	oldest := time.Now().UTC().Truncate(time.Second).Add(-5 * time.Hour)
	execAll(t, writer, "ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 0")
	for i := range 2 {
		execAll(t, writer, fmt.Sprintf(`INSERT INTO spans_in (start, name, service)
			SELECT fromUnixTimestamp64Micro(%d) + number, 'same', 'svc' FROM numbers(1000)`, oldest.UnixMicro()+int64(i)))
	}
	r, err := query.StoreReport(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]query.TableReport{}
	for _, table := range r.Tables {
		byName[table.Name] = table
		if table.Name != "schema_migrations" && table.Window != 10000 {
			t.Errorf("%s remembers %d inserts, want 10000", table.Name, table.Window)
		}
	}
	if len(byName) != 16 {
		t.Errorf("%d tables, want the 15 that keep rows and schema_migrations", len(byName))
	}
	spans := byName["spans"]
	if spans.Rows != 2000 || spans.Parts == 0 || spans.MostParts == 0 || spans.MostParts > spans.Parts || spans.Bytes == 0 || !strings.Contains(spans.Engine, "toIntervalDay(3)") {
		t.Errorf("spans: %+v", spans)
	}
	if !spans.Oldest.Equal(oldest) || !spans.Newest.After(oldest.Add(999*time.Second)) {
		t.Errorf("spans from %s to %s, want from %s to a thousand seconds later", spans.Oldest, spans.Newest, oldest)
	}
	start := spans.Columns[0]
	if start.Name != "start" || !strings.HasPrefix(start.Codec, "CODEC(Delta(8)") || start.Unpacked != 16000 || start.Ratio() < 10 {
		t.Errorf("column %+v, want start, of 16000 bytes unpacked, much smaller on disk", start)
	}
	if flows := byName["flows"]; flows.Rows != 0 || !flows.Oldest.IsZero() || flows.Columns[0].Ratio() != 0 {
		t.Errorf("flows is empty, the report says %+v", flows)
	}
	if len(r.Mutations) != 0 {
		t.Errorf("mutations %+v, want none", r.Mutations)
	}
}
