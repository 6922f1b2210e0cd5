package ingest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/plimsoll-mesh/plimsoll/bench/suite"
)

// spans measures OTLP bytes → sealed block on one core, against the rows of the
// contrib exporter per second of its CPU: with the decoding of OTLP, which is the
// same for both and most of ours, and without.
func (p *Place) spans() suite.Measurement {
	const requests, rounds = 8, 6
	return suite.Measurement{
		Name: "spans_core", What: "OTLP spans to sealed and compressed block, one core",
		Figures: []suite.Spec{
			{Name: "spans_core", Unit: "spans/s", Target: suite.AtLeast(200_000)},
			{Name: "spans_vs_contrib", Unit: "×", Target: suite.AtLeast(4)},
			{Name: "spans_vs_contrib_decoded", Unit: "×", Target: suite.AtLeast(4)},
		},
		Once: func(ctx context.Context) ([]float64, error) {
			messages, err := spanRequests(requests)
			if err != nil {
				return nil, err
			}
			own, err := p.sealed(ctx, messages, "spans", rounds)
			if err != nil {
				return nil, err
			}
			whole, err := p.ratio(ctx, messages, "spans", rounds)
			if err != nil {
				return nil, err
			}
			decoded, err := p.ratio(ctx, messages, "pdata", rounds)
			if err != nil {
				return nil, err
			}
			return []float64{1 / own.perRow(), whole, decoded}, nil
		},
	}
}

// ratio returns the CPU per row of the contrib exporter over ours, both with
// sending.
func (p *Place) ratio(ctx context.Context, messages [][]byte, mode string, rounds int) (float64, error) {
	own, err := p.ours(ctx, messages, mode, rounds)
	if err != nil {
		return 0, err
	}
	theirs, err := p.theirs(ctx, messages, mode, rounds)
	if err != nil {
		return 0, err
	}
	return theirs.perRow() / own.perRow(), nil
}

// spansPerRequest is what a batching sender puts into a request for throughput;
// the contrib exporter makes one insert of each.
const spansPerRequest = 8192

// spanRequests makes requests of spans as Envoy's tracer writes them, of eight
// workloads.
func spanRequests(n int) ([][]byte, error) {
	var out [][]byte
	r := newRand()
	for range n {
		td := ptrace.NewTraces()
		for workload := range 8 {
			addWorkload(td.ResourceSpans().AppendEmpty(), workload, r)
		}
		text, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
		if err != nil {
			return nil, fmt.Errorf("making spans: %w", err)
		}
		out = append(out, text)
	}
	return out, nil
}

func addWorkload(rs ptrace.ResourceSpans, workload int, r *rand.Rand) {
	name := fmt.Sprintf("service-%d", workload)
	resource := rs.Resource().Attributes()
	resource.PutStr("service.name", name+".default")
	resource.PutStr("k8s.namespace.name", "default")
	resource.PutStr("k8s.pod.name", name+"-6d4cf56db6-x7x2p")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for range spansPerRequest / 8 {
		addSpan(spans.AppendEmpty(), name, r)
	}
}

func addSpan(s ptrace.Span, name string, r *rand.Rand) {
	var trace pcommon.TraceID
	var span, parent pcommon.SpanID
	binary.LittleEndian.PutUint64(trace[:8], r.Uint64())
	binary.LittleEndian.PutUint64(trace[8:], r.Uint64()|1)
	binary.LittleEndian.PutUint64(span[:], r.Uint64()|1)
	binary.LittleEndian.PutUint64(parent[:], r.Uint64()|1)
	s.SetTraceID(trace)
	s.SetSpanID(span)
	s.SetParentSpanID(parent)
	s.SetKind(ptrace.SpanKindClient)
	start := time.Now().Add(-time.Duration(r.IntN(1e9)))
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(r.IntN(2e8)))))
	s.SetName("egress " + name + ".default.svc.cluster.local")
	a := s.Attributes()
	a.PutStr("component", "proxy")
	a.PutStr("node_id", "sidecar~10.0.0.1~"+name+".default~shop")
	a.PutStr("guid:x-request-id", fmt.Sprintf("%08x-0000-4000-8000-%012x", r.Uint32(), r.Uint64()>>16))
	a.PutStr("http.url", fmt.Sprintf("http://%s/items/%d", name, r.IntN(1000)))
	a.PutStr("http.method", "GET")
	a.PutStr("http.protocol", "HTTP/1.1")
	a.PutStr("http.status_code", "200")
	a.PutStr("request_size", "0")
	a.PutStr("response_size", fmt.Sprint(r.IntN(5000)))
	a.PutStr("response_flags", "-")
	a.PutStr("upstream_cluster", "outbound|80||"+name+".default")
	a.PutStr("peer.address", "10.0.0.2")
}
