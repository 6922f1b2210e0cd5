// Package mapping says what a series of a mesh's metrics is in our own terms:
// a value of a proxy's statistics (record.ProxyStat), or a part of what was
// counted on an edge (record.EdgeSample).
//
// A Mapping is a pure function from a name and labels to a Place. It reads
// nothing and remembers nothing: scraping, growth and rows are the receiver's.
// A further mesh is a further Mapping in the list of For.
//
// Each is an allow-list. What it does not name is Unmapped, and counted; what
// says again what another series says is a Repeat.
//
// Reading order: place.go, mapping.go, envoy.go with its table in
// envoy_table.go, istio.go.
package mapping
