// Package meshstore is the exporter that stores what arrives by OTLP: spans of
// applications and of Envoy's tracer, Envoy's OpenTelemetry access log,
// application logs that belong to a trace, Envoy's statistics and the metrics of
// meshes that a mapping knows.
//
// The way into the store is an extension, found by the name in the config, which
// owns one pipeline for all receivers and exporters. The exporter has no queue
// and no retry of its own: a Consume call hands its records over, waits until
// they are durable in the store's write-ahead log, and only then returns. The
// answer that the sender gets is that answer; what it repeats, it repeats itself.
//
// Reading order: config.go and factory.go, exporter.go (life cycle and
// acknowledgement), answer.go (errors as OTLP wants them), resource.go (who
// sent it), spans.go and spanattrs.go, logs.go and accesslog.go, metrics.go with
// envoystats.go and mapping.go, telemetry.go.
//
// Records borrow the strings of the pdata they came from, and numbers are
// written as text into a buffer that is used again: nothing is allocated per
// attribute.
package meshstore
