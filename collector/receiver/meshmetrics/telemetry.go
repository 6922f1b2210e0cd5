package meshmetrics

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// scope is the name of the receiver's meter.
const scope = "github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics"

// refusal says why a sample with a place was not taken.
type refusal uint8

const (
	refusedValue refusal = iota
	refusedDuplicate
	refusedRoom
	refusalCount
)

var refusalNames = [refusalCount]string{"value", "duplicate", "series_limit"}

// String returns the refusal's name in metrics, such as "duplicate".
func (r refusal) String() string { return refusalNames[r] }

// telemetry are the receiver's own metrics (metadata.yaml describes them). The
// counts are kept here and observed on collection.
type telemetry struct {
	pages                              atomic.Uint64
	failed                             [reasonCount]atomic.Uint64
	samples, unmapped, repeats         atomic.Uint64
	refused                            [refusalCount]atomic.Uint64
	resets, forgotten                  atomic.Uint64
	stats, edges                       atomic.Uint64
	discovery                          atomic.Uint64
	targetsUp, targetsDown, targetsNew atomic.Int64
	series                             atomic.Int64

	registration metric.Registration
}

// instruments are what is registered for a telemetry.
type instruments struct {
	pages, failed, samples, refused, resets, forgotten, rows, discovery metric.Int64ObservableCounter
	targets, series                                                     metric.Int64ObservableUpDownCounter
}

// newTelemetry registers the metrics with the collector's meter provider.
func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	t := &telemetry{}
	meter := set.MeterProvider.Meter(scope)
	in, err := newInstruments(meter)
	if err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t.observe(o, in)
		return nil
	}, in.pages, in.failed, in.samples, in.refused, in.resets, in.forgotten, in.rows, in.discovery, in.targets, in.series)
	return t, err
}

func newInstruments(meter metric.Meter) (in instruments, err error) {
	var errs []error
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		c, err := meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	level := func(name, unit, description string) metric.Int64ObservableUpDownCounter {
		c, err := meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	in = instruments{
		targets:   level("plimsoll_scrape_targets", "{target}", "Targets, by state (up, down, or new: not scraped yet)."),
		pages:     counter("plimsoll_scrape_pages", "{page}", "Scrapes that succeeded."),
		failed:    counter("plimsoll_scrape_failed", "{scrape}", "Scrapes that failed, by reason; each is a gap, not a zero."),
		samples:   counter("plimsoll_scrape_samples", "{sample}", "Samples read, by fate (all, unmapped, repeat)."),
		refused:   counter("plimsoll_scrape_refused", "{sample}", "Samples with a place that were not taken, by reason."),
		resets:    counter("plimsoll_scrape_resets", "{series}", "Counters that began anew between two scrapes."),
		forgotten: counter("plimsoll_scrape_forgotten", "{series}", "Counters that their pages no longer have."),
		series:    level("plimsoll_scrape_series", "{series}", "Counters that are remembered."),
		rows:      counter("plimsoll_scrape_rows", "{row}", "Rows handed to the store, by kind (stat, edge)."),
		discovery: counter("plimsoll_scrape_discovery_errors", "{error}", "Readings of targets_file that found something wrong."),
	}
	return in, errors.Join(errs...)
}

func (t *telemetry) observe(o metric.Observer, in instruments) {
	for state, n := range map[string]*atomic.Int64{"up": &t.targetsUp, "down": &t.targetsDown, "new": &t.targetsNew} {
		o.ObserveInt64(in.targets, n.Load(), metric.WithAttributes(attribute.String("state", state)))
	}
	o.ObserveInt64(in.series, t.series.Load())
	count(o, in.pages, &t.pages)
	for r := range reasonCount {
		count(o, in.failed, &t.failed[r], attribute.String("reason", r.String()))
	}
	count(o, in.samples, &t.samples, attribute.String("fate", "all"))
	count(o, in.samples, &t.unmapped, attribute.String("fate", "unmapped"))
	count(o, in.samples, &t.repeats, attribute.String("fate", "repeat"))
	for r := range refusalCount {
		count(o, in.refused, &t.refused[r], attribute.String("reason", r.String()))
	}
	count(o, in.resets, &t.resets)
	count(o, in.forgotten, &t.forgotten)
	count(o, in.rows, &t.stats, attribute.String("kind", "stat"))
	count(o, in.rows, &t.edges, attribute.String("kind", "edge"))
	count(o, in.discovery, &t.discovery)
}

// count reports a counter that has counted something.
func count(o metric.Observer, instrument metric.Int64Observable, n *atomic.Uint64, attrs ...attribute.KeyValue) {
	if v := n.Load(); v != 0 {
		o.ObserveInt64(instrument, int64(v), metric.WithAttributes(attrs...))
	}
}

// stop takes the metrics back.
func (t *telemetry) stop() error { return t.registration.Unregister() }
