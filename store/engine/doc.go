// Package engine runs the embedded ClickHouse: libchdb in a child process, behind
// ClickHouse's HTTP interface on a unix socket.
//
// Two processes share the work. The Supervisor (supervisor.go) holds what must
// outlive a crash (inherit.go): the lock on the data directory (lock.go) and the
// listening sockets (listen.go), so that requests wait during a restart instead of
// being refused. It starts the child (child.go), forwards its log (childlog.go),
// restarts it with growing pauses (backoff.go) and stops it. The child
// (runchild.go) enters the sandbox, opens the engine and serves (serve.go) until
// SIGTERM.
//
// In the data directory:
//
//	engine.lock      held while a supervisor or its child lives; holds its pid
//	engine.pid       pid of the child
//	engine.key       key of the TCP listener, when there is one
//	clickhouse.sock  the unix socket, unless placed elsewhere
//	data/            the engine's own files
//	backups/         backups (package backup), unless placed elsewhere
//
// The sandbox lets the engine write to the last two, and nowhere else.
//
// The supervisor also chooses the engine's memory by the limit of its cgroup
// (memory.go), and kills a child that lives but does not answer (probe.go).
//
// Sub-packages, from the library up: chdb binds the C interface, pool keeps
// connections, by name in lease, sqlscan reads what must be known of a statement, httpd speaks
// HTTP, sandbox confines the child. enginetest starts an engine for tests.
package engine
