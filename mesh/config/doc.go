// Package config reads what people write about a mesh, in the language of
// Istio: VirtualService and DestinationRule of networking.istio.io, in the
// versions v1, v1beta1 and v1alpha3, which are the same types.
//
// It is strict. A field that Istio does not know is an error, and so is one that
// this small mesh does not keep: a setting that is read and ignored is worse
// than one that is refused. supported.go holds the table of what is kept;
// everything it does not name is refused with file, line and path.
//
// Parse reads documents and checks what can be checked in them alone and among
// each other; Config.Build adds the workloads and gives the mesh. Semantics
// follow Istio where it says anything: a short host is one of the object's own
// namespace, no timeout is no timeout, no retries means two of the harmless
// kind, and no limit means none.
package config
