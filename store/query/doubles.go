package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// doublesRows bounds how many rows one search for doubles hashes. Of a table
// with more, a share of the blocks is looked at.
const doublesRows = 5_000_000

// doublesNamed bounds the ids that are returned.
const doublesNamed = 10

// Doubles is what a search for doubly stored blocks found in one table.
type Doubles struct {
	Table   string
	Blocks  uint64   // with rows in the window
	Checked uint64   // of these
	Doubles uint64   // of those checked
	IDs     []string // in hex, of some of them
}

// FindDoubles looks, table by table, for blocks every row of which is stored
// more than once within [from, to): that is what an insert leaves that was
// repeated and not recognized. A block over midnight is inserted into two
// partitions, each of which is looked at by itself.
func FindDoubles(ctx context.Context, conn driver.Conn, from, to time.Time) ([]Doubles, error) {
	tables, err := blockTables(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("reading which tables keep blocks: %w", err)
	}
	var out []Doubles
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		d, err := findDoubles(ctx, conn, table, tables[table], from, to)
		if err != nil {
			return nil, fmt.Errorf("looking for double blocks in table %s: %w", table, err)
		}
		out = append(out, d)
	}
	return out, nil
}

func findDoubles(ctx context.Context, conn driver.Conn, table, column string, from, to time.Time) (Doubles, error) {
	d := Doubles{Table: table}
	within := fmt.Sprintf("%[1]s >= fromUnixTimestamp64Micro(%[2]d, 'UTC') AND %[1]s < fromUnixTimestamp64Micro(%[3]d, 'UTC')",
		column, from.UnixMicro(), to.UnixMicro())
	var rows uint64
	err := conn.QueryRow(ctx, "SELECT count(), uniqExact(block_id) FROM "+table+" WHERE "+within).Scan(&rows, &d.Blocks)
	if err != nil {
		return d, err
	}
	share := rows/doublesRows + 1
	err = conn.QueryRow(ctx, fmt.Sprintf(`
		SELECT uniqExact(block_id), uniqExactIf(block_id, least > 1), groupUniqArrayIf(%d)(lower(hex(block_id)), least > 1) FROM (
			SELECT block_id, part, min(copies) AS least FROM (
				SELECT block_id, _partition_id AS part, sipHash64(*) AS content, count() AS copies FROM %s
				WHERE %s AND sipHash64(block_id) %% %d = 0 GROUP BY block_id, part, content)
			GROUP BY block_id, part)`, doublesNamed, table, within, share)).Scan(&d.Checked, &d.Doubles, &d.IDs)
	slices.Sort(d.IDs)
	return d, err
}
