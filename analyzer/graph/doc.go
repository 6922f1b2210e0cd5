// Package graph answers who calls whom: nodes, edges, what each edge carried,
// how it ended and how long it took, for any window up to the watermark.
//
// # Canonical view
//
// The same call is normally reported by two proxies. Per (src, dst) the
// canonical vantage is the caller's proxy when it has rows in the window
// (unit: requests, logical calls), else the server's (unit: attempts, since a
// retried call arrives several times). Nothing is ever summed over vantages;
// what the others say stands in Edge.sources, and the server's rows in
// Edge.arrivals.
//
// # Routes
//
// Routes are those that the canonical vantage reported. The server's proxy may
// name a route in its own way, or be told of it by the caller, so what other
// vantages report of a (src, dst) is placed by this rule:
//
//   - on the edge of the same route, if the canonical vantage has it;
//   - else on the only edge, if the canonical vantage has just one route;
//   - else on one edge of the route "~unmatched", which has arrivals and sources
//     but no requests. They are calls of the edges beside it, and which of them
//     is not known: nothing is spread by guess.
//
// So per (src, dst) requests add up to those of the canonical vantage, and
// arrivals to the server's rows, each counted once.
//
// # Which table answers
//
// Split cuts a window along the grid of the rollups, so that the answer is
// exact for any bounds and reads few rows:
//
//	whole hours              edge_counts_1h,  edge_latency_1h
//	whole minutes, not hours edge_counts_1m,  edge_latency_1m
//	whole 10 s, not minutes  edge_counts_10s, edge_latency_10s
//	what is left at the ends requests (raw rows, less than 10 s on each side)
//
// A window that holds no whole bucket is answered from raw rows alone, one that
// lies on the grid from rollups alone. All parts hold every row below the
// watermark, so they add up without a seam. Raw rows and buckets of 10 s are kept
// for three days only: the bounds of an older window are moved inwards to whole
// minutes, after 40 days to whole hours, and the window of the answer says so.
//
// # Completeness
//
// An edge tells how much of what its reporting proxies logged was received
// (completeness.go, store/query.Completeness): the least of the proxies beside
// the node that reports, absent where the counters of one are not known.
//
// # How to read it
//
// Service (service.go) resolves the window (window.go), asks the store
// (sql.go, store.go) for counts, drops what is not shown (shown.go), asks for
// latencies of the rest and hands plain rows to pure functions: build.go
// chooses the canonical view, node.go the nodes, group.go joins them, and histogram.go turns
// latency bins into quantiles with certain bounds.
package graph
