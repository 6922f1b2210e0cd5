// Package envoyconf turns the model of the mesh into Envoy resources. Its
// functions are pure: the same mesh gives the same messages, each one checked
// by its own ValidateAll before it is handed out.
//
// Bootstrap is a proxy's whole start-up file: node identity, one inbound
// listener, one outbound listener per upstream, the clusters, the access logs.
// What may change while the proxy runs is left out of it and read from two
// kinds of files that Envoy watches:
//
//   - RouteConfig (RDS), one per upstream: matches, weights, timeouts, retries.
//     A change drains nothing; calls in flight keep the timeout they began with.
//   - Runtime (RTDS), one per proxy: limits and retry budgets, as
//     circuit_breakers.<cluster>.default.* keys. A change of the cluster itself
//     would replace its connections; these keys touch none.
//
// Read bootstrap.go first. The names that others look for (files, statistics,
// tags of the access log) are in names.go and accesslog.go.
package envoyconf
