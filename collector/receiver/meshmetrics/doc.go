// Package meshmetrics scrapes what proxies count of themselves, and what meshes
// count of calls, and hands it to a store as growth.
//
// It is a metrics receiver of the OpenTelemetry Collector by form, since a
// pipeline is what the Collector starts and stops receivers with, but it emits
// nothing to its pipeline: a series becomes a record.ProxyStat or a part of a
// record.EdgeSample. The store is an extension, found by the name in the config.
//
// A scrape takes effect as a whole or not at all. One that fails is a gap: the
// rows after it grow over the longer time, and a row "up" says when it was.
//
// Reading order: config.go and factory.go, receiver.go (life cycle), schedule.go
// (when to scrape), client.go and identity.go (what is asked), scrape.go (one
// scrape), stats.go and edges.go (rows), telemetry.go. Package target says what
// is scraped, page reads what it answers, mapping says what the series are, and
// collector/internal/delta makes growth of them.
package meshmetrics
