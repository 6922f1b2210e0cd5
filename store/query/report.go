package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Report is the state of the store: what `plimsoll doctor` shows of it.
type Report struct {
	Tables    []TableReport // by name
	Merges    []Merge       // under way
	Mutations []Mutation    // not done
}

// TableReport is the state of one table that keeps rows.
type TableReport struct {
	Name           string
	Parts, Rows    uint64
	MostParts      uint64    // in one partition
	Bytes          uint64    // on disk, indexes included
	Oldest, Newest time.Time // rows; zero for an empty table
	Engine         string    // with key, lifetime and settings
	Window         uint64    // inserts whose tokens are remembered, 0: none, so that a retry may store rows twice
	Columns        []ColumnReport
}

// ColumnReport is what a column takes in wide parts; small parts keep all
// columns in one file and do not tell them apart.
type ColumnReport struct {
	Name, Codec          string // Codec is "" for the server's default
	Compressed, Unpacked uint64 // bytes
}

// Ratio returns how many times smaller the column is on disk; 0 without rows.
func (c ColumnReport) Ratio() float64 {
	if c.Compressed == 0 {
		return 0
	}
	return float64(c.Unpacked) / float64(c.Compressed)
}

// Merge is a merge of parts that is under way.
type Merge struct {
	Table    string
	Elapsed  time.Duration
	Progress float64 // 0 to 1
	Parts    uint64
	Bytes    uint64 // compressed, of all its parts
}

// Mutation is a change of stored parts that is not done.
type Mutation struct {
	Table, Command string
	Parts          int64 // still to do
	Failure        string
}

// StoreReport reads the state of the tables of the connection's database on
// the server that answers.
func StoreReport(ctx context.Context, conn driver.Conn) (Report, error) {
	var r Report
	var err error
	if r.Tables, err = readTables(ctx, conn); err == nil {
		err = readColumns(ctx, conn, r.Tables)
	}
	if err == nil {
		err = readAges(ctx, conn, r.Tables)
	}
	if err == nil {
		r.Merges, err = readMerges(ctx, conn)
	}
	if err == nil {
		r.Mutations, err = readMutations(ctx, conn)
	}
	if err != nil {
		return Report{}, fmt.Errorf("reading the state of the store: %w", err)
	}
	return r, nil
}

func readTables(ctx context.Context, conn driver.Conn) ([]TableReport, error) {
	return list(ctx, conn, `
		SELECT t.name, p.parts, p.most, p.rows, p.bytes, t.engine_full,
			toUInt64OrZero(extract(t.engine_full, 'replicated_deduplication_window = (\\d+)'))
		FROM system.tables AS t
		LEFT JOIN (
			SELECT table, sum(n) AS parts, max(n) AS most, sum(r) AS rows, sum(b) AS bytes FROM (
				SELECT table, count() AS n, sum(rows) AS r, sum(bytes_on_disk) AS b FROM system.parts
				WHERE database = currentDatabase() AND active GROUP BY table, partition_id)
			GROUP BY table) AS p ON p.table = t.name
		WHERE t.database = currentDatabase() AND t.engine LIKE '%MergeTree'
		ORDER BY t.name`,
		func(rows driver.Rows) (t TableReport, err error) {
			return t, rows.Scan(&t.Name, &t.Parts, &t.MostParts, &t.Rows, &t.Bytes, &t.Engine, &t.Window)
		})
}

func readColumns(ctx context.Context, conn driver.Conn, tables []TableReport) error {
	type row struct {
		table string
		ColumnReport
	}
	rows, err := list(ctx, conn, `
		SELECT table, name, compression_codec, data_compressed_bytes, data_uncompressed_bytes FROM system.columns
		WHERE database = currentDatabase() ORDER BY table, position`,
		func(rows driver.Rows) (r row, err error) {
			return r, rows.Scan(&r.table, &r.Name, &r.Codec, &r.Compressed, &r.Unpacked)
		})
	byTable := map[string][]ColumnReport{}
	for _, r := range rows {
		byTable[r.table] = append(byTable[r.table], r.ColumnReport)
	}
	for i := range tables {
		tables[i].Columns = byTable[tables[i].Name]
	}
	return err
}

// readAges reads the oldest and the newest row of each table, which the
// server answers from the bounds of its parts.
func readAges(ctx context.Context, conn driver.Conn, tables []TableReport) error {
	for i := range tables {
		t := &tables[i]
		column := t.timeColumn()
		if column == "" || t.Rows == 0 {
			continue
		}
		err := conn.QueryRow(ctx, "SELECT min("+column+"), max("+column+") FROM "+t.Name).Scan(&t.Oldest, &t.Newest)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return nil
}

func (t TableReport) timeColumn() string {
	for _, c := range t.Columns {
		if c.Name == "ts" || c.Name == "start" {
			return c.Name
		}
	}
	return ""
}

func readMerges(ctx context.Context, conn driver.Conn) ([]Merge, error) {
	return list(ctx, conn, `
		SELECT table, elapsed, progress, num_parts, total_size_bytes_compressed FROM system.merges
		WHERE database = currentDatabase() ORDER BY elapsed DESC`,
		func(rows driver.Rows) (m Merge, err error) {
			var seconds float64
			err = rows.Scan(&m.Table, &seconds, &m.Progress, &m.Parts, &m.Bytes)
			m.Elapsed = time.Duration(seconds * float64(time.Second))
			return m, err
		})
}

func readMutations(ctx context.Context, conn driver.Conn) ([]Mutation, error) {
	return list(ctx, conn, `
		SELECT table, command, parts_to_do, latest_fail_reason FROM system.mutations
		WHERE database = currentDatabase() AND NOT is_done ORDER BY create_time, mutation_id`,
		func(rows driver.Rows) (m Mutation, err error) {
			return m, rows.Scan(&m.Table, &m.Command, &m.Parts, &m.Failure)
		})
}
