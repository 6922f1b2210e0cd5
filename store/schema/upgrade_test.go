package schema

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// oldHeartbeat is the insert of a program of version 7.
const oldHeartbeat = `INSERT INTO heartbeats_in
	(ts, collector, proxy, complete_through, requests, attempts, refused, clamped, block_id)
	SELECT now('UTC'), 'old', '', now('UTC'), number, 2, 3, 4, toFixedString('old', 16) FROM numbers(10)`

// testOldBlocks inserts what an older program sealed, before and after the
// migrations.
func testOldBlocks(t *testing.T, dsn string, _ driver.Conn) {
	conn := migratedTo(t, dsn, "old_blocks_before", 7)
	exec(t, conn, oldHeartbeat)
	if err := Migrate(t.Context(), conn, Options{}); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, oldHeartbeat)
	exec(t, conn, `INSERT INTO heartbeats_in (ts, collector, requests, started, interim)
		SELECT now('UTC'), 'new', 1, toDateTime64('2026-01-02 03:04:05', 6, 'UTC'), 7`)
	var old, epoch uint64
	var started, interim string
	err := conn.QueryRow(t.Context(), `SELECT countIf(collector = 'old'), countIf(started = 0 AND interim = 0 AND clamped = 4),
		toString(maxIf(started, collector = 'new')), toString(maxIf(interim, collector = 'new')) FROM heartbeats`).Scan(&old, &epoch, &started, &interim)
	if err != nil {
		t.Fatal(err)
	}
	if old != 20 || epoch != 20 || !strings.HasPrefix(started, "2026-01-02 03:04:05") || interim != "7" {
		t.Errorf("%d old rows, %d of them with defaults, started %s, interim %s", old, epoch, started, interim)
	}
}

// testMixed migrates in two processes at once while an older program inserts:
// no insert fails, every row is there.
func testMixed(t *testing.T, dsn string, _ driver.Conn) {
	conn := migratedTo(t, dsn, "mixed_before", 7)
	done := make(chan struct{})
	inserted, failed := 0, error(nil)
	var inserter, migrators sync.WaitGroup
	inserter.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := conn.Exec(context.WithoutCancel(t.Context()), oldHeartbeat); err != nil {
				failed = errors.Join(failed, err)
				return
			}
			inserted += 10
		}
	})
	errs := make([]error, 2)
	for i := range errs {
		migrators.Go(func() { errs[i] = Migrate(context.WithoutCancel(t.Context()), conn, Options{}) })
	}
	migrators.Wait()
	close(done)
	inserter.Wait()
	if err := errors.Join(append(errs, failed)...); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, oldHeartbeat)
	var rows uint64
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM heartbeats").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if rows != uint64(inserted)+10 || inserted == 0 {
		t.Errorf("%d rows, %d were inserted during the migration and 10 after", rows, inserted)
	}
	testColumns(t, dsn, conn)
	testViewsCoverTargets(t, dsn, conn)
}

func exec(t *testing.T, conn driver.Conn, statement string) {
	t.Helper()
	if err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
