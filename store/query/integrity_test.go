package query_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// testInserts counts blocks within a window of its own.
func testInserts(t *testing.T, writer, reader driver.Conn) {
	from := time.Now().UTC().Truncate(time.Minute).Add(-30 * time.Hour)
	logRows(t, writer, from, 0xd1, 3)
	logRows(t, writer, from.Add(time.Minute), 0xd2, 2)
	logRows(t, writer, from.Add(2*time.Minute), 0xd3, 1)
	logRows(t, writer, from.Add(-time.Second), 0xd4, 1)
	got, err := query.Inserts(t.Context(), reader, from, from.Add(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{
		"attempts": 0, "config_changes": 0, "edge_samples": 0, "flows": 0, "heartbeats": 0, "logs": 2, "proxy_stats": 0,
		"requests": 0, "spans": 0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

// logRows inserts a block of different logs.
func logRows(t *testing.T, writer driver.Conn, at time.Time, id byte, rows int) {
	t.Helper()
	execAll(t, writer, fmt.Sprintf(`INSERT INTO logs_in (ts, body, block_id)
		SELECT fromUnixTimestamp64Micro(%d) + toIntervalMillisecond(number), toString(number), unhex('%02x%030d') FROM numbers(%d)`,
		at.UnixMicro(), id, 0, rows))
}

func testDoubles(t *testing.T, writer, reader driver.Conn) {
	from := time.Now().UTC().Truncate(24 * time.Hour).Add(-25 * time.Hour)
	logRows(t, writer, from, 0xa1, 5) // once
	for range 2 {
		logRows(t, writer, from, 0xa2, 5)
	}
	logRows(t, writer, from, 0xa3, 4) // a longer block of the same id: one row is there once
	logRows(t, writer, from, 0xa3, 5)
	for range 2 { // of a block over midnight one half came twice
		logRows(t, writer, from.Add(time.Hour-2*time.Millisecond), 0xa4, 2)
	}
	logRows(t, writer, from.Add(time.Hour), 0xa4, 2)
	for range 2 { // out of the window
		logRows(t, writer, from.Add(2*time.Hour), 0xa5, 5)
	}
	found, err := query.FindDoubles(t.Context(), reader, from, from.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 9 {
		t.Errorf("%d tables were looked at, want the 9 that keep blocks", len(found))
	}
	for _, d := range found {
		if d.Table != "logs" {
			if d.Doubles != 0 {
				t.Errorf("%+v, want no doubles", d)
			}
			continue
		}
		want := query.Doubles{Table: "logs", Blocks: 4, Checked: 4, Doubles: 2, IDs: []string{"a2" + strings.Repeat("0", 30), "a4" + strings.Repeat("0", 30)}}
		if diff := cmp.Diff(want, d); diff != "" {
			t.Error(diff)
		}
	}
}

func testRollup(t *testing.T, dsn string, writer, reader driver.Conn) {
	from := time.Now().UTC().Truncate(time.Hour).Add(-50 * time.Hour)
	at := func(seconds int) int64 { return from.Add(time.Duration(seconds) * time.Second).UnixMicro() }
	for _, second := range []int{0, 59, 60, 61, 3599, 3600} {
		execAll(t, writer, fmt.Sprintf("INSERT INTO requests_in (ts, src, dst) SELECT fromUnixTimestamp64Micro(%d), 'a', 'b' FROM numbers(10)", at(second)))
	}
	compare := func() query.Rollup {
		t.Helper()
		r, err := query.CompareRollup(t.Context(), reader, from, from.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if diff := cmp.Diff(query.Rollup{Raw: 50, RolledUp: 50}, compare()); diff != "" {
		t.Error(diff)
	}
	execAll(t, writer, fmt.Sprintf("INSERT INTO requests (ts, src, dst) VALUES (fromUnixTimestamp64Micro(%d), 'a', 'b')", at(62)))
	execAll(t, writer, fmt.Sprintf("INSERT INTO edge_counts_1m (ts, src, requests) VALUES (fromUnixTimestamp(%d), 'a', 3)", at(120)/1e6))
	want := query.Rollup{Raw: 51, RolledUp: 53, Differing: []query.RollupMinute{
		{At: from.Add(time.Minute), Raw: 21, RolledUp: 20}, {At: from.Add(2 * time.Minute), Raw: 0, RolledUp: 3},
	}}
	if diff := cmp.Diff(want, compare()); diff != "" {
		t.Error(diff)
	}
	for _, share := range []float64{0.25, 1} {
		if err := schema.Ensure(t.Context(), dsn, schema.Options{RawShare: share}); err != nil {
			t.Fatal(err)
		}
		if got, err := query.RequestsShare(t.Context(), reader); err != nil || got != share {
			t.Errorf("share %v, error %v; want %v", got, err, share)
		}
	}
}

// testIntegrityErrors gives up each query.
func testIntegrityErrors(t *testing.T, _, reader driver.Conn) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now := time.Now()
	for want, read := range map[string]func() error{
		"reading which tables keep blocks":  func() error { _, err := query.Inserts(ctx, reader, now, now); return err },
		"reading which tables keep blocks:": func() error { _, err := query.FindDoubles(ctx, reader, now, now); return err },
		"comparing requests with":           func() error { _, err := query.CompareRollup(ctx, reader, now, now); return err },
		"reading the share of requests":     func() error { _, err := query.RequestsShare(ctx, reader); return err },
	} {
		if err := read(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
}
