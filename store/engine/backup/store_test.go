package backup_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/backup"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// TestTablesOfTheStoreComeBack backs up what Plimsoll itself keeps: every table,
// view, rollup and retention of package schema, with a few rows of nonsense each.
func TestTablesOfTheStoreComeBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const tables = "SELECT groupArray(concat(name, ' ', engine, ' ', toString(cityHash64(create_table_query)))) FROM " +
		"(SELECT * FROM system.tables WHERE database = 'plimsoll' ORDER BY name)"
	source := start(t)
	if err := schema.Ensure(t.Context(), engine.DSN(source.Socket, engine.Database), schema.Options{}); err != nil {
		t.Fatal(err)
	}
	// Random times are mostly out of retention: what a merge would drop must not
	// make a difference.
	source.exec(t, "SYSTEM STOP MERGES")
	for _, table := range schema.Tables() {
		source.exec(t, "INSERT INTO "+table.Name+" SELECT * FROM generateRandom() LIMIT 3 SETTINGS max_partitions_per_insert_block = 0")
	}
	m := source.create(t, "store.tar", "")
	if len(m.Tables) < len(schema.Tables()) || m.Rows() < uint64(3*len(schema.Tables())) {
		t.Errorf("backup holds %d tables with %d rows: %+v", len(m.Tables), m.Rows(), m.Tables)
	}
	want := source.ask(t, tables)

	target := start(t)
	copyBackups(t, source, target)
	if _, err := target.Restore(t.Context(), backup.RestoreOptions{Name: "store.tar"}); err != nil {
		t.Fatal(err)
	}
	if got := target.ask(t, tables); got != want {
		t.Errorf("tables = %s, want %s", got, want)
	}
	if err := schema.Ensure(t.Context(), engine.DSN(target.Socket, engine.Database), schema.Options{}); err != nil {
		t.Errorf("migrating the restored tables: %v", err)
	}
	if !strings.Contains(want, "requests MergeTree") {
		t.Errorf("tables = %s, want requests among them", want)
	}
}
