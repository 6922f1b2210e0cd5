package backup

import (
	"context"
	"fmt"
	"strconv"
)

// stored is a table that holds rows of its own.
type stored struct{ name, engine string }

// storedTables lists the tables of a database that hold rows: views and Null
// tables do not.
func (c *client) storedTables(ctx context.Context, database string) ([]stored, error) {
	rows, err := c.rows(ctx, "SELECT name, engine FROM system.tables WHERE endsWith(engine, 'MergeTree') AND database = "+quote(database)+" ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("listing tables of %s: %w", database, err)
	}
	tables := make([]stored, len(rows))
	for i, row := range rows {
		tables[i] = stored{row[0], row[1]}
	}
	return tables, nil
}

// sum counts and hashes a table. Where merges change rows it looks at them as if
// all were merged, so that a merge in between makes no difference.
func (c *client) sum(ctx context.Context, database string, table stored) (Table, error) {
	final := ""
	if table.engine != "MergeTree" {
		final = " FINAL"
	}
	rows, err := c.rows(ctx, "SELECT count(), sum(cityHash64(*)) FROM "+name(database)+"."+name(table.name)+final)
	if err != nil {
		return Table{}, fmt.Errorf("reading table %s: %w", table.name, err)
	}
	n, err := strconv.ParseUint(rows[0][0], 10, 64)
	if err != nil {
		return Table{}, fmt.Errorf("counting table %s: %w", table.name, err)
	}
	return Table{Name: table.name, Rows: n, Hash: rows[0][1]}, nil
}

// filled lists the tables of a database that hold rows now.
func (c *client) filled(ctx context.Context, database string) ([]string, error) {
	rows, err := c.rows(ctx, "SELECT name FROM system.tables WHERE total_rows > 0 AND endsWith(engine, 'MergeTree') AND database = "+quote(database)+" ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("looking for rows in %s: %w", database, err)
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row[0]
	}
	return names, nil
}

// has reports a database.
func (c *client) has(ctx context.Context, database string) (bool, error) {
	rows, err := c.rows(ctx, "SELECT count() FROM system.databases WHERE name = "+quote(database))
	if err != nil {
		return false, fmt.Errorf("looking for database %s: %w", database, err)
	}
	return rows[0][0] == "1", nil
}
