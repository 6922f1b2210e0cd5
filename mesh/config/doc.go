// Package config reads what people write about a mesh, in the languages of
// Istio (VirtualService, DestinationRule, ServiceEntry, WorkloadEntry, Sidecar,
// PeerAuthentication, AuthorizationPolicy and Telemetry, in all versions, which
// share their types), of the Gateway API (HTTPRoute with Services as parents), and
// in three kinds of our own: Mesh, Workload and Service.
//
// It is strict. A field that Istio does not know is an error, and so is one that
// this small mesh does not keep: a setting that is read and ignored is worse
// than one that is refused. supported.go holds the table of what is kept;
// everything it does not name is refused with file, line and path. Leniency
// leaves out what is not kept, but never where that would open what it closes.
//
// Read gives a verdict on every document and checks what can be checked in the
// objects alone and among each other; Config.Build adds the workloads and gives
// the mesh. Semantics follow Istio where it says anything: a short host is one
// of the object's own namespace, no timeout is no timeout, no retries means two
// of the harmless kind, and no limit means none. Each kind has a file.
package config
