// Package state keeps the analyzer's small transactional state: incidents,
// the outbox of their notifications, silences, plans. Telemetry is in
// ClickHouse.
//
// Open creates or migrates a SQLite file: one analyzer, nothing to run.
// OpenPostgres does the same in a PostgreSQL database, which several analyzers
// may share; package alert elects the one that acts. Everything else is alike:
// the same migrations and the same SQL on both. So queries are written in what
// both understand, with ? or ?1 for parameters, and without rowid, iif, json
// functions or max of two values.
//
// The tables belong to the packages that use them: each has its own migration
// under migrations/, numbered in the order of their making, and a migration
// that was released never changes. They are written for SQLite; translate.go
// says what is replaced for PostgreSQL. Times are integers, microseconds since
// the Unix epoch.
//
// Reading order: state.go, postgres.go, placeholder.go, translate.go.
package state
