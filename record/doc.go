// Package record is the normalised data model of Plimsoll: what every source
// of telemetry is turned into before it is stored, and what every answer is
// computed from.
//
// A Request is one completed L7 request as one proxy saw it (its vantage). An
// Attempt is one upstream try of such a request. A Heartbeat says up to which
// moment a collector's rows are durable. The vantage is a column and is never
// summed over: the same call is normally reported by the caller's and by the
// server's proxy.
//
// Beside them stand what other sources tell: an EdgeSample is what a metric-only
// mesh counted on an edge, a Flow is L4 traffic, a Span and a Log are
// OpenTelemetry's, a ProxyStat is a value of a proxy's own statistics, and a
// ConfigChange is an object of configuration that came or went.
//
// Strings and slices of a record may be borrowed from a network buffer:
// they are valid only during the call that hands the record over, and whoever
// keeps one copies it.
//
// The package imports nothing but the standard library.
package record
