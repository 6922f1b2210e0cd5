// Package schema owns the ClickHouse tables: their DDL, the migrations that
// bring a database to it, and the description of the columns that inserts
// fill.
//
// The DDL is text: ddl/*.sql.tmpl, one template a table, rendered in two ways.
// Plain is for one server, the embedded engine included: MergeTree tables
// whose deduplication window is the table's own. Cluster is for a ClickHouse
// cluster: Replicated tables named <table>_local, created ON CLUSTER, and a
// Distributed <table> over them that is only read.
//
// Every insert goes to a table <name>_in of engine Null. Materialized views
// carry the rows on: as they are into <name>, and, for requests, summed into
// edge_counts_* and edge_latency_*. Rollups hold nothing but integer sums, so
// merges are exact in any order.
//
// Migrations are numbered, only ever added to, and recorded with the checksum
// of their rendered text in schema_migrations. The migrator is our own,
// because a general one (goose) is built around transactions and plain SQL
// files: ClickHouse has no transactions, our statements are rendered for the
// deployment at hand, and the checksum has to cover what was rendered. What
// takes the place of a transaction is that every statement is idempotent: a
// migration that was cut off is simply run again, and two migrators that run
// at once do the same twice.
//
// Programs of two versions may run side by side while a store is upgraded.
// Migrations only add, and go from the table that keeps the rows over the one
// that takes them to the view between, which is changed in place: what an older
// program sealed goes on being inserted, its new columns at their defaults. An
// older program that starts anew refuses a newer store (ErrNewer). On a cluster
// the statements run ON CLUSTER, one after the other through its queue; two
// migrators at once may see one of theirs refused there, and do it again when
// they are started again.
//
// After the migrations, Migrate applies what is a choice rather than a layout:
// how long each table keeps its rows (retention.go) and which share of raw
// requests is stored (sampling.go). Both compare before they change, so an
// ordinary start changes nothing.
//
// BenchmarkRowSize measures what a row takes, column by column.
package schema
