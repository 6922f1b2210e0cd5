// Package model is what the mesh is, in plain Go values: workloads, the
// services they form, how calls to a service are routed and which limits they
// keep. Readers of configuration produce it and package envoyconf turns it into
// Envoy's own resources, so neither knows the other.
//
// Read mesh.go first, then service.go, route.go (with match.go and answer.go),
// policy.go and security.go. A concern that
// belongs to a call's way gets a field of Route, one that belongs to the
// connection to a service a field of Policy, and one that belongs to a proxy a
// field of Workload; each is a small type with its defaults beside it.
//
// Values are shared freely and never changed after Validate; Override.Apply
// returns a changed copy.
package model
