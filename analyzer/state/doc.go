// Package state keeps the analyzer's small transactional state: incidents,
// the outbox of their notifications, plans. It is one SQLite file; telemetry
// is in ClickHouse.
//
// Open creates or migrates the file. The tables belong to the packages that
// use them: each has its own migration under migrations/, numbered in the order
// of their making, and a migration that was released never changes. Times are
// integers, microseconds since the Unix epoch.
package state
