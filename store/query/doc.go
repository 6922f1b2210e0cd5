// Package query opens the store for reading.
//
// Everything in Plimsoll talks to a ClickHouse HTTP endpoint; which one is a
// DSN (ParseDSN). Open returns a connection pool that reads, with a limit on
// how long a query may run. Watermark says up to which moment the rows of
// the store are complete: answers are computed up to there, never up to now.
// A dead collector stops it, and does not hide what was stored before.
package query
