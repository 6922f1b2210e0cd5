// Package pool hands out connections to the embedded ClickHouse.
//
// A connection is a session: it carries a current database and settings. Get
// returns one that carries exactly what was asked for, either an idle one or a
// new one, and waits while too many are in use. GetNamed returns one that is kept
// by name, for a client that asked for a session of its own. Conn.Watch ends a statement whose
// client has gone by KILL QUERY over a control connection, which is also what
// keeps the engine of the process open.
package pool
