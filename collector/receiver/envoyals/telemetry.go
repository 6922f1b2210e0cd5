package envoyals

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// scope is the name of the receiver's meter.
const scope = "github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals"

// telemetry are the receiver's own metrics (metadata.yaml describes them). The
// counts are kept here and observed on collection, so that a row costs no call
// into the metrics library.
type telemetry struct {
	requests, attempts, flows    [outcomeCount]atomic.Uint64
	refused                      [rows.ReasonCount]atomic.Uint64
	capped                       [rows.CapCount]atomic.Uint64
	interim, clamped, unreadable atomic.Uint64
	streams                      atomic.Int64

	registration metric.Registration
}

func (t *telemetry) add(n *tally) {
	addAll(t.requests[:], n.requests[:])
	addAll(t.attempts[:], n.attempts[:])
	addAll(t.flows[:], n.flows[:])
	addAll(t.refused[:], n.refused[:])
	addAll(t.capped[:], n.capped[:])
	add(&t.interim, n.interim)
	add(&t.clamped, n.clamped)
	add(&t.unreadable, n.unreadable)
}

func addAll(dst []atomic.Uint64, src []uint64) {
	for i, n := range src {
		add(&dst[i], n)
	}
}

// add leaves a counter alone that has nothing to add: it is shared.
func add(dst *atomic.Uint64, n uint64) {
	if n != 0 {
		dst.Add(n)
	}
}

// newTelemetry registers the metrics with the collector's meter provider.
func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	t := &telemetry{}
	meter := set.MeterProvider.Meter(scope)
	entries, errEntries := meter.Int64ObservableCounter("plimsoll_als_entries",
		metric.WithDescription("Access log entries received, by kind (request, attempt, flow, interim) and outcome."), metric.WithUnit("{entry}"))
	refused, errRefused := meter.Int64ObservableCounter("plimsoll_als_refused",
		metric.WithDescription("Access log entries that were not stored, by reason."), metric.WithUnit("{entry}"))
	clamped, errClamped := meter.Int64ObservableCounter("plimsoll_als_clamped",
		metric.WithDescription("Rows whose completion time was too far from now and was moved."), metric.WithUnit("{row}"))
	capped, errCapped := meter.Int64ObservableCounter("plimsoll_als_capped",
		metric.WithDescription("Rows whose route or caller is stored as ~other, by the cap that they are beyond."), metric.WithUnit("{row}"))
	unreadable, errUnreadable := meter.Int64ObservableCounter("plimsoll_als_unreadable_peers",
		metric.WithDescription("Rows whose peer object is of a form that is not known."), metric.WithUnit("{row}"))
	streams, errStreams := meter.Int64ObservableUpDownCounter("plimsoll_als_streams",
		metric.WithDescription("Access log streams that are open."), metric.WithUnit("{stream}"))
	if err := errors.Join(errEntries, errRefused, errClamped, errCapped, errUnreadable, errStreams); err != nil {
		return nil, err
	}
	var err error
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t.observeEntries(o, entries)
		for reason := range rows.ReasonCount {
			observe(o, refused, &t.refused[reason], attribute.String("reason", reason.String()))
		}
		for one := range rows.CapCount {
			observe(o, capped, &t.capped[one], attribute.String("cap", one.String()))
		}
		observe(o, clamped, &t.clamped)
		observe(o, unreadable, &t.unreadable)
		o.ObserveInt64(streams, t.streams.Load())
		return nil
	}, entries, refused, clamped, capped, unreadable, streams)
	return t, err
}

func (t *telemetry) observeEntries(o metric.Observer, entries metric.Int64Observable) {
	t.observeOutcomes(o, entries, "request", t.requests[:])
	t.observeOutcomes(o, entries, "attempt", t.attempts[:])
	t.observeOutcomes(o, entries, "flow", t.flows[:])
	observe(o, entries, &t.interim, attribute.String("kind", "interim"))
}

func (t *telemetry) observeOutcomes(o metric.Observer, entries metric.Int64Observable, kind string, counts []atomic.Uint64) {
	for outcome := range len(record.OutcomeNames()) {
		observe(o, entries, &counts[outcome],
			attribute.String("kind", kind), attribute.String("outcome", record.Outcome(outcome).String()))
	}
}

// observe reports a counter that has counted something.
func observe(o metric.Observer, instrument metric.Int64Observable, n *atomic.Uint64, attrs ...attribute.KeyValue) {
	if v := n.Load(); v != 0 {
		o.ObserveInt64(instrument, int64(v), metric.WithAttributes(attrs...))
	}
}

// stop takes the metrics back.
func (t *telemetry) stop() error { return t.registration.Unregister() }
