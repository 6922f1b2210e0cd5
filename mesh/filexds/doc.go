// Package filexds configures the proxies of one machine through files that
// Envoy watches, and offers the mesh's API over them: what a control plane does
// over a network, done with renames.
//
// Each workload has a directory:
//
//	<dir>/<workload>.<namespace>/
//	  bootstrap.json         start-up configuration; never changes afterwards
//	  runtime.json           RTDS: limits and retry budgets
//	  routes/<service>.json  RDS: matches, weights, timeouts, retries
//	  admin.sock             the proxy's admin interface, made by Envoy
//
// A Plane keeps three things apart: the mesh that the proxies were started
// with, the configuration now wanted (Update replaces it) and the overrides
// above it (the API sets them). Every change renders the files of all proxies
// anew, writes those that differ, runtime first and routes second, and asks each
// proxy until it has them. If one refuses or is silent, all files are put back:
// an edge is never left half changed. A proxy that does not run is no obstacle:
// it reads its files when it starts.
//
// Read plane.go, then rollout.go and service.go.
package filexds
