package schema

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// TestOnEngine runs the migrations on a real ClickHouse, each case in a
// database of its own.
func TestOnEngine(t *testing.T) {
	server := enginetest.Start(t)
	for name, test := range map[string]func(*testing.T, string, driver.Conn){
		"columns":     testColumns,
		"repeated":    testRepeated,
		"cut_off":     testCutOff,
		"at_once":     testAtOnce,
		"newer":       testNewer,
		"changed":     testChanged,
		"view_inputs": testViewsCoverTargets,
		"cluster":     testClusterSyntax,
		"layout":      testLayout,
		"rolled_up":   testRollup,
		"expired":     testExpiry,
		"codecs":      testCodecs,
		"retention":   testRetention,
		"sampling":    testSampling,
		"old_blocks":  testOldBlocks,
		"mixed":       testMixed,
	} {
		t.Run(name, func(t *testing.T) {
			d, err := query.ParseDSN(server)
			if err != nil {
				t.Fatal(err)
			}
			d.Database = name
			if err := Ensure(t.Context(), d.String(), Options{}); err != nil {
				t.Fatal(err)
			}
			conn, err := query.OpenWriter(d)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			test(t, d.String(), conn)
		})
	}
}

// columns returns the columns of all tables as "name type", in their order.
func columns(t *testing.T, conn driver.Conn) map[string][]Column {
	t.Helper()
	rows, err := conn.Query(t.Context(),
		"SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, position")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string][]Column{}
	for rows.Next() {
		var table string
		var c Column
		if err := rows.Scan(&table, &c.Name, &c.Type); err != nil {
			t.Fatal(err)
		}
		out[table] = append(out[table], c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// testColumns compares what inserts fill with what the DDL made.
func testColumns(t *testing.T, _ string, conn driver.Conn) {
	real := columns(t, conn)
	for _, table := range Tables() {
		if diff := cmp.Diff(real[table.Name], table.Columns); diff != "" {
			t.Errorf("%s: the server has -, Columns has +:\n%s", table.Name, diff)
		}
		stored := strings.TrimSuffix(table.Name, "_in")
		var want []Column
		for _, c := range table.Columns {
			if !strings.HasSuffix(c.Name, "_bin") {
				want = append(want, c)
			}
		}
		if diff := cmp.Diff(real[stored], want); diff != "" {
			t.Errorf("%s: the server has -, the columns of %s are +:\n%s", stored, table.Name, diff)
		}
	}
}

// testViewsCoverTargets checks that no column of a target is left to its
// default by the view that fills it.
func testViewsCoverTargets(t *testing.T, _ string, conn driver.Conn) {
	real := columns(t, conn)
	targets := []string{
		"edge_counts_10s", "edge_counts_1m", "edge_counts_1h", "edge_latency_10s", "edge_latency_1m", "edge_latency_1h",
	}
	for _, table := range Tables() {
		targets = append(targets, strings.TrimSuffix(table.Name, "_in"))
	}
	for _, target := range targets {
		var want, got []string
		for _, c := range real[target] {
			want = append(want, c.Name)
		}
		for _, c := range real[target+"_view"] {
			got = append(got, c.Name)
		}
		sortStrings := cmp.Transformer("set", func(in []string) map[string]int {
			out := map[string]int{}
			for _, s := range in {
				out[s]++
			}
			return out
		})
		if diff := cmp.Diff(want, got, sortStrings); diff != "" || len(want) == 0 {
			t.Errorf("%s has -, its view gives +:\n%s", target, diff)
		}
	}
}

func recorded(t *testing.T, conn driver.Conn) (rows, ids uint64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(), uniqExact(id) FROM schema_migrations").Scan(&rows, &ids); err != nil {
		t.Fatal(err)
	}
	return rows, ids
}

func testRepeated(t *testing.T, dsn string, conn driver.Conn) {
	before, _ := recorded(t, conn)
	if err := Ensure(t.Context(), dsn, Options{}); err != nil {
		t.Fatal(err)
	}
	if after, ids := recorded(t, conn); after != before || ids != Version {
		t.Errorf("%d rows of %d migrations after the second run, %d rows before, version %d", after, ids, before, Version)
	}
}

// testCutOff takes a migration apart that is not recorded, as a process that
// died in the middle leaves it.
func testCutOff(t *testing.T, dsn string, conn driver.Conn) {
	want := columns(t, conn)
	for _, statement := range []string{
		"DROP VIEW edge_latency_1m_view",
		"DROP TABLE edge_counts_1m",
		"ALTER TABLE schema_migrations DELETE WHERE name IN ('edge_latency_1m', 'edge_counts_1m') SETTINGS mutations_sync = 1",
	} {
		if err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := Ensure(t.Context(), dsn, Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, columns(t, conn)); diff != "" {
		t.Errorf("schema differs after the second run:\n%s", diff)
	}
}

func testAtOnce(t *testing.T, dsn string, conn driver.Conn) {
	d, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	d.Database = "at_once_fresh"
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = Ensure(context.WithoutCancel(t.Context()), d.String(), Options{}) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var ids uint64
	if err := conn.QueryRow(t.Context(), "SELECT uniqExact(id) FROM at_once_fresh.schema_migrations").Scan(&ids); err != nil {
		t.Fatal(err)
	}
	if ids != Version {
		t.Errorf("%d migrations recorded, want %d", ids, Version)
	}
}

func testNewer(t *testing.T, dsn string, conn driver.Conn) {
	statement := fmt.Sprintf("INSERT INTO schema_migrations (id, name, checksum) VALUES (%d, 'from_the_future', 'x')", Version+1)
	if err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := Ensure(t.Context(), dsn, Options{}); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "from_the_future") {
		t.Errorf("error = %v, want ErrNewer that names the migration", err)
	}
}

func testChanged(t *testing.T, dsn string, conn driver.Conn) {
	if err := conn.Exec(t.Context(), "INSERT INTO schema_migrations (id, name, checksum) VALUES (2, 'attempts', 'other')"); err != nil {
		t.Fatal(err)
	}
	if err := Ensure(t.Context(), dsn, Options{}); !errors.Is(err, ErrChanged) {
		t.Errorf("error = %v, want ErrChanged", err)
	}
}

// testClusterSyntax has the server parse the cluster rendering: one server
// cannot run it.
func testClusterSyntax(t *testing.T, _ string, conn driver.Conn) {
	steps, err := Cluster.steps()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(steps, settings(t, Cluster)...) {
		for _, statement := range s.statements {
			var parsed string
			if err := conn.QueryRow(t.Context(), "SELECT formatQuery(?)", statement).Scan(&parsed); err != nil {
				t.Errorf("%s: %v\n%s", s.name, err, statement)
			}
		}
	}
}

// testLayout holds the tables to the keys and lifetimes that their readers
// count on.
func testLayout(t *testing.T, _ string, conn driver.Conn) {
	counts := "dst_service, dst, src_service, src, route, method, protocol, vantage, outcome, dst_version, src_version, ts"
	latency := "dst_service, dst, src_service, src, route, vantage, kind, result, dst_version, src_version, ts"
	perCall, day, month := "toStartOfFiveMinutes(ts), dst, src, route, ts", "toDate(ts)", "toYYYYMM(ts)"
	for table, want := range map[string]struct{ engine, key, partition, ttl string }{
		"requests":         {"MergeTree", perCall, day, "toIntervalDay(3)"},
		"attempts":         {"MergeTree", perCall, day, "toIntervalDay(3)"},
		"heartbeats":       {"MergeTree", "collector, proxy, ts", day, "toIntervalDay(40)"},
		"edge_counts_10s":  {"AggregatingMergeTree", counts, day, "toIntervalDay(3)"},
		"edge_counts_1m":   {"AggregatingMergeTree", counts, day, "toIntervalDay(40)"},
		"edge_counts_1h":   {"AggregatingMergeTree", counts, month, "toIntervalDay(400)"},
		"edge_latency_10s": {"AggregatingMergeTree", latency, day, "toIntervalDay(3)"},
		"edge_latency_1m":  {"AggregatingMergeTree", latency, day, "toIntervalDay(40)"},
		"edge_latency_1h":  {"AggregatingMergeTree", latency, month, "toIntervalDay(400)"},
		"spans":            {"MergeTree", "toStartOfFiveMinutes(start), service, name, start", "toDate(start)", "toIntervalDay(3)"},
		"logs":             {"MergeTree", "toStartOfFiveMinutes(ts), service, ts", day, "toIntervalDay(3)"},
		"edge_samples":     {"MergeTree", "toStartOfFiveMinutes(ts), dst, src, route, source, ts", day, "toIntervalDay(3)"},
		"flows":            {"MergeTree", "toStartOfFiveMinutes(ts), dst, src, ts", day, "toIntervalDay(3)"},
		"proxy_stats":      {"MergeTree", "scope, name, proxy, object, ts", day, "toIntervalDay(40)"},
		"config_changes":   {"MergeTree", "kind, namespace, name, ts", month, "toIntervalDay(400)"},
	} {
		var engine, key, partition, full string
		err := conn.QueryRow(t.Context(), `SELECT engine, sorting_key, partition_key, engine_full FROM system.tables
			WHERE database = currentDatabase() AND name = ?`, table).Scan(&engine, &key, &partition, &full)
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		if engine != want.engine || key != want.key || partition != want.partition || !strings.Contains(full, want.ttl) {
			t.Errorf("%s: engine %s, key %s, partition %s, %s, want %+v", table, engine, key, partition, full, want)
		}
	}
}

// testRollup follows three rows through the views by hand.
func testRollup(t *testing.T, _ string, conn driver.Conn) {
	minute := time.Now().Unix() / 60 * 60
	err := conn.Exec(t.Context(), fmt.Sprintf(`INSERT INTO requests_in
		(ts, dst, outcome, mtls, duration_us, attempts, request_bytes, response_bytes, duration_bin, first_byte_bin) VALUES
		('%d', 'd', 'ok', 'mtls', 100, 1, 10, 1000, 100, 90),
		('%d.999999', 'd', 'ok', 'unknown', 50, 3, 20, 2000, 50, -1),
		('%d', 'd', 'timeout', 'none', 7, 0, 40, 4000, 7, -1)`, minute+1, minute+9, minute+10))
	if err != nil {
		t.Fatal(err)
	}
	query := func(sql string) (out []string) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT groupArray(toString(row)) FROM ("+sql+")").Scan(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	counts := `SELECT tuple(toSecond(ts), outcome, sum(requests), sum(attempts), sum(retried), sum(request_bytes), sum(response_bytes),
		sum(duration_sum_us), sum(mtls_known), sum(mtls_mutual)) AS row FROM %s GROUP BY ts, outcome ORDER BY ts, outcome`
	latency := `SELECT tuple(toSecond(ts), kind, result, sumMap(hist)) AS row FROM %s GROUP BY ts, kind, result ORDER BY ts, kind, result`
	for _, tc := range []struct {
		sql, table string
		want       []string
	}{
		{counts, "edge_counts_10s", []string{"(0,'ok',2,4,1,30,3000,150,1,1)", "(10,'timeout',1,0,0,40,4000,7,1,0)"}},
		{counts, "edge_counts_1m", []string{"(0,'ok',2,4,1,30,3000,150,1,1)", "(0,'timeout',1,0,0,40,4000,7,1,0)"}},
		{latency, "edge_latency_10s", []string{"(0,'total','ok',{50:1,100:1})", "(0,'ttfb','ok',{90:1})", "(10,'total','failed',{7:1})"}},
		{counts, "edge_counts_1h", []string{"(0,'ok',2,4,1,30,3000,150,1,1)", "(0,'timeout',1,0,0,40,4000,7,1,0)"}},
		{latency, "edge_latency_1h", []string{"(0,'total','ok',{50:1,100:1})", "(0,'total','failed',{7:1})", "(0,'ttfb','ok',{90:1})"}},
		{latency, "edge_latency_1m", []string{"(0,'total','ok',{50:1,100:1})", "(0,'total','failed',{7:1})", "(0,'ttfb','ok',{90:1})"}},
	} {
		if diff := cmp.Diff(tc.want, query(fmt.Sprintf(tc.sql, tc.table))); diff != "" {
			t.Errorf("%s: %s", tc.table, diff)
		}
	}
}

// testExpiry inserts rows of ten days ago: raw rows and ten-second buckets are
// past their lifetime, minutes are not.
func testExpiry(t *testing.T, _ string, conn driver.Conn) {
	if err := conn.Exec(t.Context(), "INSERT INTO requests_in (ts, first_byte_bin) VALUES (now('UTC') - INTERVAL 10 DAY, -1)"); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]uint64{"requests": 0, "edge_counts_10s": 0, "edge_latency_10s": 0, "edge_counts_1m": 1, "edge_latency_1m": 1, "edge_counts_1h": 1, "edge_latency_1h": 1} {
		if err := conn.Exec(t.Context(), "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			t.Fatal(err)
		}
		var rows uint64
		if err := conn.QueryRow(t.Context(), "SELECT count() FROM "+table).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows != want {
			t.Errorf("%s has %d rows of ten days ago, want %d", table, rows, want)
		}
	}
}

func TestEnsureNamesTheStore(t *testing.T) {
	err := Ensure(t.Context(), "unix:///nonexistent/clickhouse.sock?database=d", Options{})
	if err == nil || !strings.Contains(err.Error(), "creating database d on unix:///nonexistent/clickhouse.sock?database=d") {
		t.Errorf("error = %v, want one that names database and store", err)
	}
	if err := Ensure(t.Context(), "nonsense", Options{}); err == nil || !strings.Contains(err.Error(), "parsing store dsn") {
		t.Errorf("error = %v, want one about the dsn", err)
	}
}
