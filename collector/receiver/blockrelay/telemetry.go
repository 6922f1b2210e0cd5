package blockrelay

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// scope is the name of the receiver's meter.
const scope = "github.com/plimsoll-mesh/plimsoll/collector/receiver/blockrelay"

// telemetry are the receiver's own metrics (metadata.yaml describes them).
type telemetry struct {
	blocks, rows, refusals metric.Int64Counter
	size                   metric.Int64Histogram
	registration           metric.Registration
}

// newTelemetry makes the metrics with the collector's meter provider. Held is
// asked on collection.
func newTelemetry(set component.TelemetrySettings, held func() int64) (*telemetry, error) {
	t := &telemetry{}
	meter := set.MeterProvider.Meter(scope)
	errs := make([]error, 5)
	t.blocks, errs[0] = meter.Int64Counter("plimsoll_relay_blocks",
		metric.WithDescription("Blocks answered with 200, by table and whether they were sent again."), metric.WithUnit("{block}"))
	t.rows, errs[1] = meter.Int64Counter("plimsoll_relay_rows",
		metric.WithDescription("Rows of blocks that were made durable, by table."), metric.WithUnit("{row}"))
	t.refusals, errs[2] = meter.Int64Counter("plimsoll_relay_refused",
		metric.WithDescription("Requests not answered with 200, by status."), metric.WithUnit("{request}"))
	t.size, errs[3] = meter.Int64Histogram("plimsoll_relay_block_size",
		metric.WithDescription("Bytes of blocks that were made durable."), metric.WithUnit("By"),
		metric.WithExplicitBucketBoundaries(sizes...))
	heldNow, err := meter.Int64ObservableUpDownCounter("plimsoll_relay_held",
		metric.WithDescription("Bytes of requests in hand."), metric.WithUnit("By"))
	errs[4] = err
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(heldNow, held())
		return nil
	}, heldNow)
	return t, err
}

// sizes are the borders of block sizes, in bytes.
var sizes = []float64{1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}

// accepted counts an answer of 200.
func (t *telemetry) accepted(table string, rows uint32, size int64, again bool) {
	label := attribute.String("table", strings.TrimSuffix(table, "_in"))
	ctx := context.Background()
	t.blocks.Add(ctx, 1, metric.WithAttributes(label, attribute.Bool("again", again)))
	if again {
		return
	}
	t.rows.Add(ctx, int64(rows), metric.WithAttributes(label))
	t.size.Record(ctx, size)
}

// refused counts any other answer.
func (t *telemetry) refused(status int) {
	t.refusals.Add(context.Background(), 1, metric.WithAttributes(attribute.Int("status", status)))
}

// stop takes the observed metrics back.
func (t *telemetry) stop() error { return t.registration.Unregister() }
