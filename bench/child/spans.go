package child

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/plimsoll-mesh/plimsoll/collector/exporter/meshstore"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// spans takes requests of OTLP through the exporter, as a collector does but for
// the network. It does not wait for each to be durable: the measurement ends
// when all are.
type spans struct {
	exporter exporter.Traces
	decoded  map[*byte]ptrace.Traces // nil: decode each time
}

func newSpans(p *ingest.Pipeline, once bool) (*spans, error) {
	factory := meshstore.NewFactory()
	ctx := context.Background()
	e, err := factory.CreateTraces(ctx, exportertest.NewNopSettings(factory.Type()), factory.CreateDefaultConfig())
	if err != nil {
		return nil, err
	}
	s := &spans{exporter: e}
	if once {
		s.decoded = map[*byte]ptrace.Traces{}
	}
	return s, e.Start(ctx, host{store{Pipeline: p}})
}

func (s *spans) message(b []byte) (int, error) {
	td, err := s.decode(b)
	if err != nil {
		return 0, err
	}
	return td.SpanCount(), s.exporter.ConsumeTraces(context.Background(), td)
}

func (s *spans) decode(b []byte) (ptrace.Traces, error) {
	if td, ok := s.decoded[&b[0]]; ok {
		return td, nil
	}
	request := ptraceotlp.NewExportRequest()
	err := request.UnmarshalProto(b)
	if s.decoded != nil {
		s.decoded[&b[0]] = request.Traces()
	}
	return request.Traces(), err
}

// store is a pipeline as an extension, with nothing to wait for.
type store struct{ *ingest.Pipeline }

// Start and Shutdown leave the pipeline to the measurement.
func (store) Start(context.Context, component.Host) error { return nil }

// Shutdown is like Start.
func (store) Shutdown(context.Context) error { return nil }

// Commit does not wait.
func (store) Commit(context.Context) error { return nil }

// host holds the extension.
type host struct{ store }

// GetExtensions implements component.Host.
func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): h.store}
}
