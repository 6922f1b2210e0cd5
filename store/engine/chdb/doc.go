// Package chdb binds the C interface of libchdb, ClickHouse as a shared
// library, without cgo.
//
// Load opens the library, Library.Connect opens a connection, and a Conn runs
// statements: Query for a whole result, Stream for a result chunk by chunk,
// Insert for data sent piece by piece. A connection is a ClickHouse session: it
// owns settings, a current database and temporary tables, and costs a fraction
// of a millisecond to open.
//
// Rules of the library that callers must keep:
//   - one data directory per process; the first connection fixes it and the
//     arguments of the engine, and at least one connection should stay open;
//   - a Conn, and everything made from it, is used by one goroutine at a time;
//   - bytes of a Result belong to the engine and are valid until its Close.
//
// The C interface is that of libchdb 26.7 (chdb.h); the streaming insert calls
// do not exist before, so other versions are refused.
package chdb
