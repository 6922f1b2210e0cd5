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
	requests, attempts       [outcomeCount]atomic.Uint64
	refused                  [rows.ReasonCount]atomic.Uint64
	interim, clamped, capped atomic.Uint64
	streams                  atomic.Int64

	registration metric.Registration
}

func (t *telemetry) add(n *tally) {
	addAll(t.requests[:], n.requests[:])
	addAll(t.attempts[:], n.attempts[:])
	addAll(t.refused[:], n.refused[:])
	t.interim.Add(n.interim)
	t.clamped.Add(n.clamped)
	t.capped.Add(n.capped)
}

func addAll(dst []atomic.Uint64, src []uint64) {
	for i, n := range src {
		if n != 0 {
			dst[i].Add(n)
		}
	}
}

// newTelemetry registers the metrics with the collector's meter provider.
func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	t := &telemetry{}
	meter := set.MeterProvider.Meter(scope)
	entries, errEntries := meter.Int64ObservableCounter("plimsoll_als_entries",
		metric.WithDescription("Access log entries received, by kind (request, attempt, interim) and outcome."), metric.WithUnit("{entry}"))
	refused, errRefused := meter.Int64ObservableCounter("plimsoll_als_refused",
		metric.WithDescription("Access log entries that were not stored, by reason."), metric.WithUnit("{entry}"))
	clamped, errClamped := meter.Int64ObservableCounter("plimsoll_als_clamped",
		metric.WithDescription("Rows whose completion time was too far from now and was moved."), metric.WithUnit("{row}"))
	capped, errCapped := meter.Int64ObservableCounter("plimsoll_als_capped",
		metric.WithDescription("Rows whose route or caller is stored as ~other."), metric.WithUnit("{row}"))
	streams, errStreams := meter.Int64ObservableUpDownCounter("plimsoll_als_streams",
		metric.WithDescription("Access log streams that are open."), metric.WithUnit("{stream}"))
	if err := errors.Join(errEntries, errRefused, errClamped, errCapped, errStreams); err != nil {
		return nil, err
	}
	var err error
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t.observeOutcomes(o, entries, "request", t.requests[:])
		t.observeOutcomes(o, entries, "attempt", t.attempts[:])
		observe(o, entries, &t.interim, attribute.String("kind", "interim"))
		for reason := range rows.ReasonCount {
			observe(o, refused, &t.refused[reason], attribute.String("reason", reason.String()))
		}
		observe(o, clamped, &t.clamped)
		observe(o, capped, &t.capped)
		o.ObserveInt64(streams, t.streams.Load())
		return nil
	}, entries, refused, clamped, capped, streams)
	return t, err
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
