// Package paths walks the graph of services: what retries multiply to along a
// path, where a callee may take longer than its caller waits, which services
// call each other in a circle, who depends on whom, and who caused errors.
//
// All functions are pure over a list of edges in any order, and answers are in
// a stable order. They work on sums of edges, not on single traces: shares along
// a path are products of the shares of its edges, which is exact only where the
// calls of an edge do not depend on who caused them. Answers are estimates in
// that sense, and each says from which counts it comes.
package paths
