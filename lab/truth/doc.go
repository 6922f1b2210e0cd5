// Package truth keeps the lab's own exact account of every call, to hold
// against what the mesh observed.
//
// A caller (the load generator, or an app) begins each logical call on a
// Ledger, sends the call's id in the header CallHeader, and ends it with the
// status it saw. The callee reports each arrival of the id. A logical call that
// a proxy retried is thus one request with several attempts; the workload of
// the last arrival is its destination, and a call that no app ever saw goes to
// the service itself ("~name").
//
//	call := ledger.Begin(srcNode, srcService, "ratings", "GET", "/ratings")
//	call.Mark(req)
//	… send …
//	call.End(status)            // 0: no answer (timeout, reset, cancelled)
//
//	ledger.Arrived(r.Header.Get(truth.CallHeader), dstNode) // in the callee
//
// Ledger.Snapshot sums up by (phase, src, dst, route); the phase is that in
// which the call began. Ended calls are kept singly for Grace, since a try may
// still arrive after its caller has gone, and are folded into sums afterwards:
// memory depends on the rate and on the number of edges only, apart from the
// client latencies, of which each edge keeps at most MaxLatencies.
//
// The runner makes one Ledger for all workloads and the load generator, gives
// it the phase clock and the route names of the mesh, calls Reset when it starts
// calm again, and Snapshot when a phase has drained or the run is over.
package truth
