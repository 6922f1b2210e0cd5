package meshstore

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
)

// TestConsumeContract runs the Collector's contract of exporters: everything is
// delivered, what fails for a while is delivered later, what fails for good is
// not repeated. This exporter leaves repeating to its senders, so the contract
// holds of both together: each exporter stands behind a sender that does as OTLP
// asks. The store's commits succeed and fail as the contract's receiver decides.
func TestConsumeContract(t *testing.T) {
	for _, signal := range []pipeline.Signal{pipeline.SignalTraces, pipeline.SignalLogs, pipeline.SignalMetrics} {
		t.Run(signal.String(), func(t *testing.T) {
			link := &link{}
			receiverFactory := link.receivers()
			exporterFactory := link.exporters()
			exportertest.CheckConsumeContract(exportertest.CheckConsumeContractParams{
				T: t, NumberOfTestElements: 100, Signal: signal,
				ExporterFactory: exporterFactory, ExporterConfig: exporterFactory.CreateDefaultConfig(),
				ReceiverFactory: receiverFactory, ReceiverConfig: receiverFactory.CreateDefaultConfig(),
			})
		})
	}
}

// link leads from the store to the contract's receiver: a commit with records
// is a delivery.
type link struct {
	deliver func(context.Context) error
}

func (l *link) store() *fakeStore {
	store := &fakeStore{}
	store.commit = func(ctx context.Context) error {
		if len(store.take()) != 1 {
			return errors.New("a commit without a record, or with several")
		}
		return l.deliver(ctx)
	}
	return store
}

type idle struct {
	component.StartFunc
	component.ShutdownFunc
}

func (l *link) receivers() receiver.Factory {
	return receiver.NewFactory(component.MustNewType("contract"), func() component.Config { return &struct{}{} },
		receiver.WithTraces(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Traces) (receiver.Traces, error) {
			l.deliver = func(ctx context.Context) error { return next.ConsumeTraces(ctx, ptrace.NewTraces()) }
			return idle{}, nil
		}, component.StabilityLevelDevelopment),
		receiver.WithLogs(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Logs) (receiver.Logs, error) {
			l.deliver = func(ctx context.Context) error { return next.ConsumeLogs(ctx, plog.NewLogs()) }
			return idle{}, nil
		}, component.StabilityLevelDevelopment),
		receiver.WithMetrics(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Metrics) (receiver.Metrics, error) {
			l.deliver = func(ctx context.Context) error { return next.ConsumeMetrics(ctx, pmetric.NewMetrics()) }
			return idle{}, nil
		}, component.StabilityLevelDevelopment))
}

func (l *link) exporters() exporter.Factory {
	own := NewFactory()
	return exporter.NewFactory(own.Type(), own.CreateDefaultConfig,
		exporter.WithTraces(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
			e, err := own.CreateTraces(ctx, set, cfg)
			return &traceSender{e, l.store()}, err
		}, own.TracesStability()),
		exporter.WithLogs(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
			e, err := own.CreateLogs(ctx, set, cfg)
			return &logSender{e, l.store()}, err
		}, own.LogsStability()),
		exporter.WithMetrics(func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
			e, err := own.CreateMetrics(ctx, set, cfg)
			return &metricSender{e, l.store()}, err
		}, own.MetricsStability()))
}

// repeat sends until it is acknowledged or told that it never will be.
func repeat(send func() error) error {
	for {
		if err := send(); err == nil || consumererror.IsPermanent(err) {
			return err
		}
	}
}

// The senders make the contract's elements such that they can be stored.
type traceSender struct {
	exporter.Traces
	store *fakeStore
}

func (s *traceSender) Start(ctx context.Context, _ component.Host) error {
	return s.Traces.Start(ctx, s.store)
}

func (s *traceSender) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	good(td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0), 1)
	return repeat(func() error { return s.Traces.ConsumeTraces(ctx, td) })
}

type logSender struct {
	exporter.Logs
	store *fakeStore
}

func (s *logSender) Start(ctx context.Context, _ component.Host) error {
	return s.Logs.Start(ctx, s.store)
}

func (s *logSender) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetTraceID([16]byte{1})
	return repeat(func() error { return s.Logs.ConsumeLogs(ctx, ld) })
}

type metricSender struct {
	exporter.Metrics
	store *fakeStore
}

func (s *metricSender) Start(ctx context.Context, _ component.Host) error {
	return s.Metrics.Start(ctx, s.store)
}

func (s *metricSender) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
	m.SetName("istio_request_duration_milliseconds")
	m.Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := m.Histogram().DataPoints().At(0)
	p.Attributes().PutStr("reporter", "source")
	p.SetTimestamp(stamp(0))
	p.ExplicitBounds().FromRaw([]float64{1, 5})
	p.BucketCounts().FromRaw([]uint64{0, 1, 0})
	return repeat(func() error { return s.Metrics.ConsumeMetrics(ctx, md) })
}
