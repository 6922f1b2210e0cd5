package main

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// spans exports each message as it comes: they are batches already.
type spans struct{ exporter.Traces }

func newSpans(ctx context.Context, cfg *clickhouseexporter.Config) (*spans, error) {
	factory := clickhouseexporter.NewFactory()
	e, err := factory.CreateTraces(ctx, exportertest.NewNopSettings(factory.Type()), cfg)
	if err != nil {
		return nil, err
	}
	return &spans{Traces: e}, nil
}

func (s *spans) send(ctx context.Context, message []byte) (int, error) {
	request := ptraceotlp.NewExportRequest()
	if err := request.UnmarshalProto(message); err != nil {
		return 0, err
	}
	n := request.Traces().SpanCount()
	return n, s.ConsumeTraces(ctx, request.Traces())
}

func (*spans) flush(context.Context) (int, error) { return 0, nil }
