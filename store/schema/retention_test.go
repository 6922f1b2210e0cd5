package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"
)

func TestRetentionNamesEveryTable(t *testing.T) {
	want := []string{
		"edge_counts_10s", "edge_counts_1h", "edge_counts_1m", "edge_latency_10s", "edge_latency_1h", "edge_latency_1m",
	}
	for _, table := range Tables() {
		want = append(want, strings.TrimSuffix(table.Name, "_in"))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(DefaultRetention()))); diff != "" {
		t.Error(diff)
	}
}

func TestRetentionOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		in  map[string]time.Duration
		err string
	}{
		"none":          {nil, ""},
		"one":           {map[string]time.Duration{"requests": day}, ""},
		"least":         {map[string]time.Duration{"logs": 2 * time.Hour}, ""},
		"unknown table": {map[string]time.Duration{"request": day}, `retention: there is no table "request"; tables are attempts, config_changes, `},
		"view":          {map[string]time.Duration{"requests_in": day}, `there is no table "requests_in"`},
		"too short":     {map[string]time.Duration{"spans": time.Hour}, "retention of spans: 1h0m0s is not a number of whole seconds, at least 2h0m0s"},
		"negative":      {map[string]time.Duration{"spans": -day}, "retention of spans: -24h0m0s"},
		"fraction":      {map[string]time.Duration{"spans": day + time.Millisecond}, "retention of spans: 24h0m0.001s"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Options{Retention: tc.in}.retention()
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error = %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := DefaultRetention()
			maps.Copy(want, tc.in)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLifetime(t *testing.T) {
	for in, want := range map[string]string{
		"MergeTree ORDER BY ts TTL toDateTime(ts) + toIntervalDay(3) SETTINGS a = 1":      "ts 72h0m0s true",
		"MergeTree TTL ts + toIntervalDay(40) SETTINGS index_granularity = 8192":          "ts 960h0m0s true",
		"MergeTree TTL toDateTime(start) + toIntervalHour(36)":                            "start 36h0m0s true",
		"ReplicatedMergeTree('/a/{uuid}', 'r') TTL toDateTime(ts) + toIntervalSecond(90)": "ts 1m30s true",
		"MergeTree ORDER BY ts":                            "ts 0s false",
		"MergeTree TTL ts + toIntervalMonth(1)":            "ts 0s false",
		"MergeTree TTL ts + toIntervalDay(99999999999999)": "ts 0s false",
	} {
		column, keep, ok := lifetime(in)
		if got := fmt.Sprint(column, " ", keep, " ", ok); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestInterval(t *testing.T) {
	for d, want := range map[time.Duration]string{
		3 * day: "3 DAY", 36 * time.Hour: "36 HOUR", 2*time.Hour + time.Second: "7201 SECOND",
	} {
		if got := interval(d); got != want {
			t.Errorf("interval(%s) = %s, want %s", d, got, want)
		}
	}
}

// testRetention changes lifetimes over rows that are there.
func testRetention(t *testing.T, dsn string, conn driver.Conn) {
	keep := func(d time.Duration) {
		t.Helper()
		if err := Ensure(t.Context(), dsn, Options{Retention: map[string]time.Duration{"config_changes": 20 * day, "heartbeats": d}}); err != nil {
			t.Fatal(err)
		}
	}
	rows := func() (n uint64) {
		t.Helper()
		exec(t, conn, "OPTIMIZE TABLE heartbeats FINAL")
		if err := conn.QueryRow(t.Context(), "SELECT count() FROM heartbeats").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	settle := func() {
		t.Helper()
		for {
			var open uint64
			if err := conn.QueryRow(t.Context(), `SELECT count() FROM system.mutations
				WHERE database = currentDatabase() AND NOT is_done`).Scan(&open); err != nil {
				t.Fatal(err)
			}
			if open == 0 {
				return
			}
		}
	}
	insert := func(daysAgo int) {
		t.Helper()
		exec(t, conn, fmt.Sprintf("INSERT INTO heartbeats_in (ts) VALUES (now('UTC') - INTERVAL %d DAY)", daysAgo))
	}

	keep(10 * day)
	insert(5)
	insert(0)
	keep(50 * day)
	settle()
	var days int64
	if err := conn.QueryRow(t.Context(), `SELECT min(dateDiff('day', now(), delete_ttl_info_max)) FROM system.parts
		WHERE database = currentDatabase() AND table = 'heartbeats' AND active`).Scan(&days); err != nil {
		t.Fatal(err)
	}
	if n := rows(); n != 2 || days < 44 {
		t.Errorf("%d rows, the oldest part ends in %d days, want 2 and 45 after a longer lifetime", n, days)
	}
	keep(4 * day)
	settle()
	if n := rows(); n != 1 {
		t.Errorf("%d rows after a shorter lifetime, want that of today", n)
	}
	var mutations uint64
	count := "SELECT count() FROM system.mutations WHERE database = currentDatabase()"
	if err := conn.QueryRow(t.Context(), count).Scan(&mutations); err != nil {
		t.Fatal(err)
	}
	keep(4 * day)
	var after uint64
	if err := conn.QueryRow(t.Context(), count).Scan(&after); err != nil {
		t.Fatal(err)
	}
	if after != mutations {
		t.Errorf("%d mutations, were %d: the same lifetime was set again", after, mutations)
	}
}
