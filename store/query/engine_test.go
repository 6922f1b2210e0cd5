package query_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func TestSchemaVersionIsThatOfTheMigrations(t *testing.T) {
	if query.SchemaVersion != schema.Version {
		t.Errorf("queries are written for version %d, migrations end at %d", query.SchemaVersion, schema.Version)
	}
}

func TestOnEngine(t *testing.T) {
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	d, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := query.OpenWriter(d)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	reader, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()

	t.Run("a reader cannot write", func(t *testing.T) { testReadOnly(t, reader) })
	t.Run("a query ends in time", func(t *testing.T) { testTimeLimit(t, reader) })
	t.Run("watermark", func(t *testing.T) { testWatermark(t, writer, reader) })
	t.Run("errors", func(t *testing.T) { testErrors(t, writer, reader) })
	t.Run("thinning", func(t *testing.T) { testThinning(t, writer, reader) })
	t.Run("counts", func(t *testing.T) { testCounts(t, writer, reader) })
	t.Run("blind intervals", func(t *testing.T) { testBlindIntervals(t, writer, reader) })
	t.Run("verify", func(t *testing.T) { testVerify(t, writer, reader) })
	t.Run("report", func(t *testing.T) { testStoreReport(t, writer, reader) })
	t.Run("inserts", func(t *testing.T) { testInserts(t, writer, reader) })
	t.Run("doubles", func(t *testing.T) { testDoubles(t, writer, reader) })
	t.Run("rollup", func(t *testing.T) { testRollup(t, dsn, writer, reader) })
	t.Run("errors of integrity", func(t *testing.T) { testIntegrityErrors(t, writer, reader) })
	t.Run("minutes of edges", func(t *testing.T) { testEdgeMinutes(t, writer, reader) })
}

func testReadOnly(t *testing.T, reader driver.Conn) {
	for _, statement := range []string{
		"INSERT INTO heartbeats_in (collector) VALUES ('x')", "DROP TABLE heartbeats", "CREATE TABLE x (a Int8) ENGINE = Null",
	} {
		err := reader.Exec(t.Context(), statement)
		var exception *clickhouse.Exception
		if !errors.As(err, &exception) || exception.Code != 164 {
			t.Errorf("%s: error = %v, want code 164 (READONLY)", statement, err)
		}
	}
}

// testTimeLimit looks at the limit that Open sets, and shortens it for one
// query to see it work.
func testTimeLimit(t *testing.T, reader driver.Conn) {
	var limit string
	if err := reader.QueryRow(t.Context(), "SELECT toString(getSetting('max_execution_time'))").Scan(&limit); err != nil {
		t.Fatal(err)
	}
	if limit != "30" {
		t.Errorf("max_execution_time = %s, want 30", limit)
	}
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 1}))
	var n uint64
	err := reader.QueryRow(ctx, "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))").Scan(&n)
	if err == nil || !strings.Contains(err.Error(), "TIMEOUT_EXCEEDED") {
		t.Errorf("error = %v, want TIMEOUT_EXCEEDED", err)
	}
}

func testWatermark(t *testing.T, writer, reader driver.Conn) {
	now := time.Now().UTC().Truncate(time.Microsecond) // rows of another day are past their TTL
	check := func(at time.Time, want query.Mark) {
		t.Helper()
		got, err := query.Watermark(t.Context(), reader, at)
		if err != nil {
			t.Fatal(err)
		}
		got.Reason = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	check(now, query.Mark{})
	beat(t, writer, "a", "", now.Add(-2*time.Second), now.Add(-3*time.Second))
	beat(t, writer, "a", "", now.Add(-time.Second), now.Add(-2*time.Second))
	beat(t, writer, "a", "some/proxy", now, now.Add(-time.Minute))
	beat(t, writer, "b", "", now.Add(-time.Minute), now.Add(-time.Minute))
	check(now, query.Mark{At: now.Add(-7 * time.Second), Collectors: []string{"a"}, Silent: []string{"b"}})

	beat(t, writer, "b", "", now.Add(10*time.Second), now.Add(10*time.Second))
	check(now, query.Mark{At: now.Add(-7 * time.Second), Collectors: []string{"a"}, Silent: []string{"b"}})
	check(now.Add(10*time.Second), query.Mark{At: now.Add(-7 * time.Second), Collectors: []string{"a", "b"}})
	// Nobody is live: after a minute, after hours, and before there was anyone.
	standing := now.Add(5 * time.Second) // b's last word less the margin
	check(now.Add(time.Minute), query.Mark{At: standing, Silent: []string{"a", "b"}})
	check(now.Add(2*time.Hour), query.Mark{At: standing})
	check(now.Add(-time.Hour), query.Mark{})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := query.Watermark(ctx, reader, now); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want that of the context", err)
	}
}

func beat(t *testing.T, conn driver.Conn, collector, proxy string, at, through time.Time) {
	t.Helper()
	statement := fmt.Sprintf(
		"INSERT INTO heartbeats_in (ts, collector, proxy, complete_through) VALUES (fromUnixTimestamp64Micro(%d), '%s', '%s', fromUnixTimestamp64Micro(%d))",
		at.UnixMicro(), collector, proxy, through.UnixMicro())
	if err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
