package query

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Block is a block of rows as it was sealed.
type Block struct {
	Table string // "requests", or "requests_in" as inserts name it
	ID    [16]byte
	Rows  uint64
}

// Mismatch is a block whose rows are not all stored, or not once each.
type Mismatch struct {
	Block
	Stored uint64
}

// verifyAtOnce bounds how many blocks one query asks for.
const verifyAtOnce = 1000

var tableName = regexp.MustCompile(`^[a-z0-9_]+$`)

// Verify compares the rows that are stored of each block with those that were
// sealed, and returns the blocks that differ, in the given order. Blocks older
// than their table's lifetime differ, and so do those of requests where only a
// share of the rows is kept.
func Verify(ctx context.Context, conn driver.Conn, blocks []Block) ([]Mismatch, error) {
	byTable := map[string][]Block{}
	for _, b := range blocks {
		table := strings.TrimSuffix(b.Table, "_in")
		if !tableName.MatchString(table) {
			return nil, fmt.Errorf("verifying blocks: %q is not the name of a table", b.Table)
		}
		byTable[table] = append(byTable[table], b)
	}
	stored := map[string]map[string]uint64{}
	for table, of := range byTable {
		stored[table] = map[string]uint64{}
		for some := range slices.Chunk(of, verifyAtOnce) {
			if err := countBlocks(ctx, conn, table, some, stored[table]); err != nil {
				return nil, fmt.Errorf("verifying %d blocks of table %s: %w", len(some), table, err)
			}
		}
	}
	var out []Mismatch
	for _, b := range blocks {
		if n := stored[strings.TrimSuffix(b.Table, "_in")][hex.EncodeToString(b.ID[:])]; n != b.Rows {
			out = append(out, Mismatch{Block: b, Stored: n})
		}
	}
	return out, nil
}

// countBlocks adds the stored rows of the blocks, by the hex of their ids.
func countBlocks(ctx context.Context, conn driver.Conn, table string, blocks []Block, stored map[string]uint64) error {
	ids := make([]string, len(blocks))
	for i, b := range blocks {
		ids[i] = hex.EncodeToString(b.ID[:])
	}
	type count struct {
		id   string
		rows uint64
	}
	counts, err := list(ctx, conn, `SELECT lower(hex(block_id)), count() FROM `+table+`
		WHERE lower(hex(block_id)) IN (?) GROUP BY block_id`,
		func(rows driver.Rows) (c count, err error) {
			return c, rows.Scan(&c.id, &c.rows)
		}, ids)
	for _, c := range counts {
		stored[c.id] = c.rows
	}
	return err
}
