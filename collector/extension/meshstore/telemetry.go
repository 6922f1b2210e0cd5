package meshstore

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// scope is the name of the extension's meter.
const scope = "github.com/plimsoll-mesh/plimsoll/collector/extension/meshstore"

// telemetry are the store's own metrics (metadata.yaml describes them), read
// from the pipeline's counts on collection.
type telemetry struct {
	registration metric.Registration

	pending                                  metric.Int64ObservableUpDownCounter
	waiting                                  metric.Int64ObservableUpDownCounter
	received, stored, retries, refused, lost metric.Int64ObservableCounter
}

// newTelemetry registers the metrics with the collector's meter provider.
func newTelemetry(set component.TelemetrySettings, stats func() ingest.Stats) (*telemetry, error) {
	t := &telemetry{}
	meter := set.MeterProvider.Meter(scope)
	if err := t.instruments(meter); err != nil {
		return nil, err
	}
	var err error
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t.observe(o, stats())
		return nil
	}, t.pending, t.waiting, t.received, t.stored, t.retries, t.refused, t.lost)
	return t, err
}

// instruments makes the instruments.
func (t *telemetry) instruments(meter metric.Meter) error {
	errs := make([]error, 7)
	t.pending, errs[0] = meter.Int64ObservableUpDownCounter("plimsoll_store_pending",
		metric.WithDescription("Sealed blocks that are not stored yet."), metric.WithUnit("By"))
	t.waiting, errs[1] = meter.Int64ObservableUpDownCounter("plimsoll_store_waiting",
		metric.WithDescription("Streams that wait for room in the pipeline."), metric.WithUnit("{stream}"))
	t.received, errs[2] = meter.Int64ObservableCounter("plimsoll_store_rows",
		metric.WithDescription("Rows handed to the pipeline, by table."), metric.WithUnit("{row}"))
	t.stored, errs[3] = meter.Int64ObservableCounter("plimsoll_store_stored",
		metric.WithDescription("Rows that are stored, by table."), metric.WithUnit("{row}"))
	t.retries, errs[4] = meter.Int64ObservableCounter("plimsoll_store_retries",
		metric.WithDescription("Inserts that failed and were repeated, by table."), metric.WithUnit("{insert}"))
	t.refused, errs[5] = meter.Int64ObservableCounter("plimsoll_store_quarantined",
		metric.WithDescription("Rows of blocks that the store refuses, by table."), metric.WithUnit("{row}"))
	t.lost, errs[6] = meter.Int64ObservableCounter("plimsoll_store_lost",
		metric.WithDescription("Rows that could not be stored before the collector stopped, by table."), metric.WithUnit("{row}"))
	return errors.Join(errs...)
}

func (t *telemetry) observe(o metric.Observer, s ingest.Stats) {
	o.ObserveInt64(t.pending, s.PendingBytes)
	o.ObserveInt64(t.waiting, s.Waiting)
	for table, of := range s.Tables {
		t.observeTable(o, table, of)
	}
}

func (t *telemetry) observeTable(o metric.Observer, table string, s ingest.TableStats) {
	label := metric.WithAttributes(attribute.String("table", table))
	o.ObserveInt64(t.received, int64(s.Rows), label)
	o.ObserveInt64(t.stored, int64(s.StoredRows), label)
	o.ObserveInt64(t.retries, int64(s.Retries), label)
	o.ObserveInt64(t.refused, int64(s.QuarantinedRows), label)
	o.ObserveInt64(t.lost, int64(s.LostRows), label)
}

// stop takes the metrics back.
func (t *telemetry) stop() error { return t.registration.Unregister() }
