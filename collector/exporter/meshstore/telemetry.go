package meshstore

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
)

// scope is the name of the exporter's meter.
const scope = "github.com/plimsoll-mesh/plimsoll/collector/exporter/meshstore"

// telemetry are the exporter's own metrics (metadata.yaml describes them). The
// counts are kept here and observed on collection, so that a row costs no call
// into the metrics library.
type telemetry struct {
	signal              attribute.KeyValue
	rows                [kindCount]atomic.Uint64
	unkept              [reasonCount]atomic.Uint64
	clamped, turnedAway atomic.Uint64
	capped              [rows.CapCount]atomic.Uint64
	families            families

	registration metric.Registration
}

func (t *telemetry) add(n *tally) {
	addAll(t.rows[:], n.rows[:])
	addAll(t.unkept[:], n.unkept[:])
	addAll(t.capped[:], n.capped[:])
	t.clamped.Add(n.clamped)
}

func addAll(dst []atomic.Uint64, src []uint64) {
	for i, n := range src {
		if n != 0 {
			dst[i].Add(n)
		}
	}
}

// newTelemetry registers the metrics of one signal with the collector's meter
// provider.
func newTelemetry(set component.TelemetrySettings, signal string) (*telemetry, error) {
	t := &telemetry{signal: attribute.String("signal", signal)}
	meter := set.MeterProvider.Meter(scope)
	stored, errRows := meter.Int64ObservableCounter("plimsoll_otlp_rows",
		metric.WithDescription("Rows handed to the store, by signal and kind."), metric.WithUnit("{row}"))
	refused, errRefused := meter.Int64ObservableCounter("plimsoll_otlp_refused",
		metric.WithDescription("Records that can never be stored, by signal and reason."), metric.WithUnit("{record}"))
	skipped, errSkipped := meter.Int64ObservableCounter("plimsoll_otlp_skipped",
		metric.WithDescription("Records that this store does not keep, by signal and reason."), metric.WithUnit("{record}"))
	unknown, errUnknown := meter.Int64ObservableCounter("plimsoll_otlp_unknown_metrics",
		metric.WithDescription("Data points of metrics that no mapping knows, by the first word of their names."), metric.WithUnit("{point}"))
	clamped, errClamped := meter.Int64ObservableCounter("plimsoll_otlp_clamped",
		metric.WithDescription("Rows whose time was too far from now and was moved, by signal."), metric.WithUnit("{row}"))
	capped, errCapped := meter.Int64ObservableCounter("plimsoll_otlp_capped",
		metric.WithDescription("Rows of access logs with a name that is stored as ~other, by signal and cap."), metric.WithUnit("{row}"))
	turnedAway, errTurned := meter.Int64ObservableCounter("plimsoll_otlp_turned_away",
		metric.WithDescription("Requests whose sender was told to come again, as the store had no room, by signal."), metric.WithUnit("{request}"))
	if err := errors.Join(errRows, errRefused, errSkipped, errUnknown, errClamped, errCapped, errTurned); err != nil {
		return nil, err
	}
	var err error
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for k := range kindCount {
			t.observe(o, stored, t.rows[k].Load(), attribute.String("kind", kindNames[k]))
		}
		for r := range reasonCount {
			instrument := refused
			if r > firstSkip {
				instrument = skipped
			}
			t.observe(o, instrument, t.unkept[r].Load(), attribute.String("reason", reasonNames[r]))
		}
		t.families.each(func(family string, points uint64) {
			t.observe(o, unknown, points, attribute.String("family", family))
		})
		t.observe(o, clamped, t.clamped.Load())
		for one := range rows.CapCount {
			t.observe(o, capped, t.capped[one].Load(), attribute.String("cap", one.String()))
		}
		t.observe(o, turnedAway, t.turnedAway.Load())
		return nil
	}, stored, refused, skipped, unknown, clamped, capped, turnedAway)
	return t, err
}

// observe reports a counter that has counted something.
func (t *telemetry) observe(o metric.Observer, instrument metric.Int64Observable, n uint64, attrs ...attribute.KeyValue) {
	if n != 0 {
		o.ObserveInt64(instrument, int64(n), metric.WithAttributes(append(attrs, t.signal)...))
	}
}

// stop takes the metrics back.
func (t *telemetry) stop() error { return t.registration.Unregister() }
