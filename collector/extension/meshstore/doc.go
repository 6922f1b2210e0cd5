// Package meshstore is the Collector extension that owns the way into the
// store: one ingest pipeline, which receivers and exporters find by the
// extension's name and share.
//
// It is an extension and not an exporter because access logs never become
// pdata: their receiver hands rows over directly. The Collector starts
// extensions before receivers and stops them after, so the pipeline outlives
// every row. An exporter for what does arrive as pdata (OTLP) belongs to
// collector/exporter and takes the same extension.
package meshstore
