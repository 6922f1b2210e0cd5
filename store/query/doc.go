// Package query opens the store for reading.
//
// Everything in Plimsoll talks to a ClickHouse HTTP endpoint; which one is a
// DSN (ParseDSN). Open returns a connection pool that reads, with a limit on
// how long a query may run. Watermark says up to which moment the rows of
// the store are complete: answers are computed up to there, never up to now.
// A dead collector stops it, and does not hide what was stored before.
//
// Completeness compares what proxies say they logged (proxystats.go,
// growth.go) with what collectors received (received.go), Identity holds a
// proxy's own counters against each other, BlindIntervals lists when a
// collector was silent. Verify and StoreReport look at the store itself.
// EdgeMinutes reads counts and quantiles from the rollups.
package query
