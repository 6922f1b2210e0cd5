// Package blockrelay receives sealed blocks from the collectors beside the
// proxies and hands them to a store: the central half of package
// store/ingest/relay.
//
// The promise: an answer of 200 means that the block is in this collector's
// write-ahead log, as it was sealed, under its own token. A sender that got
// another answer, or none, sends it again; what arrives twice is answered at once
// while its token is remembered here, and is dropped by the store's tables
// afterwards.
//
// Heartbeats wait (gate.go). One of a sender says that its rows up to some time
// are complete; before it may be stored, everything that was accepted earlier
// has to be, or readers would trust a time whose rows are still in this
// collector's log.
//
// It is a logs receiver of the OpenTelemetry Collector by form, as envoyals is,
// and emits nothing to its pipeline.
//
// Reading order: config.go and factory.go, receiver.go (life cycle), server.go
// (listener, bounds), handler.go (one request), tokens.go, budget.go, gate.go,
// telemetry.go.
package blockrelay
