package main

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// spans exports each message as it comes: they are batches already.
type spans struct {
	exporter.Traces
	decoded map[*byte]ptrace.Traces // nil: decode each time
}

func newSpans(ctx context.Context, cfg *clickhouseexporter.Config, once bool) (*spans, error) {
	factory := clickhouseexporter.NewFactory()
	e, err := factory.CreateTraces(ctx, exportertest.NewNopSettings(factory.Type()), cfg)
	if err != nil {
		return nil, err
	}
	s := &spans{Traces: e}
	if once {
		s.decoded = map[*byte]ptrace.Traces{}
	}
	return s, nil
}

func (s *spans) send(ctx context.Context, message []byte) (int, error) {
	td, err := s.decode(message)
	if err != nil {
		return 0, err
	}
	return td.SpanCount(), s.ConsumeTraces(ctx, td)
}

func (s *spans) decode(message []byte) (ptrace.Traces, error) {
	if td, ok := s.decoded[&message[0]]; ok {
		return td, nil
	}
	request := ptraceotlp.NewExportRequest()
	err := request.UnmarshalProto(message)
	if s.decoded != nil {
		s.decoded[&message[0]] = request.Traces()
	}
	return request.Traces(), err
}

func (*spans) flush(context.Context) (int, error) { return 0, nil }
