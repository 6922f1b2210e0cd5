// Package envoyals receives Envoy's gRPC access logs
// (envoy.service.accesslog.v3.AccessLogService) and hands them to a store as
// rows.
//
// It is a logs receiver of the OpenTelemetry Collector by form, since a
// pipeline is what the Collector starts and stops receivers with, but it emits
// nothing to its pipeline: a row goes from wire bytes to the columns of a block
// without ever being a log record. The store is an extension, found by the
// name in the config.
//
// Reading order: config.go and factory.go, endpoint.go, listen.go and passed.go
// (where it listens, also on a socket that another process holds), receiver.go
// (life cycle), server.go, greeting.go and codec.go (gRPC), stream.go (one
// stream's loop), proxies.go (per-proxy counts and heartbeats), telemetry.go.
// Package wire decodes, package rows decides what a row says.
package envoyals
