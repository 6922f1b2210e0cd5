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
package schema
