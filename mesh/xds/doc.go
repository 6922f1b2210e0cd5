// Package xds serves Envoy proxies their configuration over one incremental
// (delta) aggregated discovery stream each.
//
// A Snapshot is all that one proxy shall have; Server.Set replaces it. How the
// proxy gets from what it has to what it shall have is decided by a machine: a
// value without goroutine, clock or network that is told what happens (a new
// snapshot, a request, the time) and says what to send. Its rules:
//
//   - A resource's version is the hash of its bytes. A proxy that reconnects
//     names the versions it holds, and gets nothing that did not change: also
//     from a server that just started, or from another replica.
//   - Make before break: clusters, their endpoints, listeners, routes, and only
//     then removals. Each step waits for the acknowledgement of the one before.
//     Envoy acknowledges clusters when they are warm, hence endpoints do not wait.
//   - Beyond the order of steps, nothing is sent that refers to a cluster the
//     proxy does not have, and no cluster is removed that a route refers to.
//   - At most one response of a type is unanswered. Routes go one at a time:
//     Envoy rejects a whole response without naming the bad one.
//   - A changed cluster makes its endpoints unknown, a changed listener its
//     routes: they are sent again, since Envoy waits for them without asking.
//   - Every name subscribed to is answered, by a value or as removed; except
//     those a resuming proxy holds in the right version.
//   - A rejected response is halved until the bad resource is alone. That
//     version is quarantined: never sent to this proxy again. The proxy keeps
//     what it had, and the rest goes on.
//   - A response of clusters that stays unanswered for AckTimeout is undone,
//     since Envoy withholds its rejection while another cluster warms, and then
//     halved like a rejected one. Other types go on meanwhile.
//   - A resource with a TTL is a lease: kept alive by heartbeats without a body,
//     sent in full again when it may have lapsed.
//
// The scripts in testdata show each rule at work and are the best way in; read
// machine.go and step.go beside them, then server.go and session.go for the
// gRPC side. Protocol: https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
package xds
