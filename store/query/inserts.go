package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// blockTables returns the tables whose rows carry the id of their block, with
// the column of their time.
func blockTables(ctx context.Context, conn driver.Conn) (map[string]string, error) {
	type row struct{ table, column string }
	rows, err := list(ctx, conn, `
		SELECT table, anyIf(name, name IN ('ts', 'start')) FROM system.columns
		WHERE database = currentDatabase() AND table IN (
			SELECT name FROM system.tables
			WHERE database = currentDatabase() AND (engine LIKE '%MergeTree' OR engine = 'Distributed'))
		GROUP BY table HAVING countIf(name = 'block_id') > 0`,
		func(rows driver.Rows) (r row, err error) { return r, rows.Scan(&r.table, &r.column) })
	out := map[string]string{}
	for _, r := range rows {
		out[r.table] = r.column
	}
	for name := range out {
		// Where a table is spread over shards, all of it is read at once.
		if !strings.HasSuffix(name, "_local") {
			delete(out, name+"_local")
		}
	}
	return out, err
}

// Inserts counts, by table, the blocks with rows in [from, to). Rollups get one
// insert for each block of requests.
func Inserts(ctx context.Context, conn driver.Conn, from, to time.Time) (map[string]uint64, error) {
	tables, err := blockTables(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("reading which tables keep blocks: %w", err)
	}
	out := map[string]uint64{}
	for table, column := range tables {
		var n uint64
		err := conn.QueryRow(ctx, fmt.Sprintf(`SELECT uniq(block_id) FROM %[1]s
			WHERE %[2]s >= fromUnixTimestamp64Micro(?, 'UTC') AND %[2]s < fromUnixTimestamp64Micro(?, 'UTC')`, table, column),
			from.UnixMicro(), to.UnixMicro()).Scan(&n)
		if err != nil {
			return nil, fmt.Errorf("counting blocks of table %s: %w", table, err)
		}
		out[table] = n
	}
	return out, nil
}
