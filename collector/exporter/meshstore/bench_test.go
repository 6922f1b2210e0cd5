package meshstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// spansPerRequest is what an Envoy with some traffic, or an SDK's batch
// processor, sends at once.
const spansPerRequest = 512

// BenchmarkSpans takes requests of spans through what a collector does with
// them, up to sealed and compressed blocks:
//
//	convert  pdata to records, which nobody keeps
//	pdata    pdata to sealed blocks
//	bytes    OTLP's protobuf to sealed blocks: as a collector, without the network
//	unmarshal  the part of bytes that is pdata's own
func BenchmarkSpans(b *testing.B) {
	td := corpus(spansPerRequest)
	data, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("unmarshal", func(b *testing.B) {
		measure(b, func() error { return ptraceotlp.NewExportRequest().UnmarshalProto(data) })
	})
	b.Run("convert", func(b *testing.B) {
		e := benchTraces(b, nowhere{})
		measure(b, func() error { return e.ConsumeTraces(b.Context(), td) })
	})
	b.Run("pdata", func(b *testing.B) {
		e := benchTraces(b, sealing(b))
		measure(b, func() error { return e.ConsumeTraces(b.Context(), td) })
	})
	b.Run("bytes", func(b *testing.B) {
		e := benchTraces(b, sealing(b))
		b.SetBytes(int64(len(data)))
		measure(b, func() error {
			request := ptraceotlp.NewExportRequest()
			if err := request.UnmarshalProto(data); err != nil {
				return err
			}
			return e.ConsumeTraces(b.Context(), request.Traces())
		})
	})
}

// TestConvertDoesNotAllocate: making records costs a request, not its spans.
func TestConvertDoesNotAllocate(t *testing.T) {
	td := corpus(spansPerRequest)
	e := benchTraces(t, nowhere{})
	allocs := testing.AllocsPerRun(20, func() {
		if err := e.ConsumeTraces(t.Context(), td); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 64 { // 8 resources, each with the names of its sender
		t.Errorf("%v allocations for %d spans, want those of its 8 resources", allocs, spansPerRequest)
	}
}

// measure reports spans per second of CPU time, of all threads: on a machine
// that others use, too, the clock tells little.
func measure(b *testing.B, request func() error) {
	b.Helper()
	b.ReportAllocs()
	begun := cpuTime(b)
	for b.Loop() {
		if err := request(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*spansPerRequest/(cpuTime(b)-begun).Seconds(), "spans/cpu-s")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func benchTraces(tb testing.TB, store Store) *traces {
	tb.Helper()
	factory := NewFactory()
	set := exportertest.NewNopSettings(factory.Type())
	set.TelemetrySettings = componenttest.NewNopTelemetrySettings()
	base, err := newBase(createDefaultConfig().(*Config), set, "traces")
	if err != nil {
		tb.Fatal(err)
	}
	base.store = store
	base.now = func() time.Time { return now }
	return newTraces(base)
}

// nowhere is a store that keeps nothing.
type nowhere struct{}

func (nowhere) Span(*record.Span)             {}
func (nowhere) Log(*record.Log)               {}
func (nowhere) Request(*record.Request)       {}
func (nowhere) Attempt(*record.Attempt)       {}
func (nowhere) Flow(*record.Flow)             {}
func (nowhere) EdgeSample(*record.EdgeSample) {}
func (nowhere) ProxyStat(*record.ProxyStat)   {}
func (nowhere) Room() bool                    { return true }
func (nowhere) Commit(context.Context) error  { return nil }

// sealing returns a pipeline that seals blocks as usual and sends none: it is
// not started. Its commits are left out, since a benchmark has no others to share
// them with.
func sealing(b *testing.B) Store {
	b.Helper()
	p, err := ingest.New(ingest.Config{
		DSN: "http://127.0.0.1:1?database=plimsoll", Collector: "bench", MaxPending: 64 << 30,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	return uncommitted{p}
}

type uncommitted struct{ *ingest.Pipeline }

func (uncommitted) Commit(context.Context) error { return nil }

// corpus returns a request of n spans, half of Envoy's tracer, half of an SDK,
// of four services. Ids, paths and times are never the same.
func corpus(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	for service := range 4 {
		envoySpans(td, service, n/8)
		applicationSpans(td, service, n/8)
	}
	return td
}

var services = [...]string{"productpage", "reviews", "ratings", "details"}

func envoySpans(td ptrace.Traces, service, n int) {
	rs := td.ResourceSpans().AppendEmpty()
	node := fmt.Sprintf("sidecar~10.0.0.%d~%s-v1.shop~bookinfo", service, services[service])
	for key, value := range map[string]string{
		"service.name": services[service] + ".shop", "node_name": node, "mesh.id": "bookinfo", "k8s.cluster.name": "local",
		"telemetry.sdk.name": "envoy", "telemetry.sdk.language": "cpp", "telemetry.sdk.version": "1.40.0/Clean/RELEASE/BoringSSL",
	} {
		rs.Resource().Attributes().PutStr(key, value)
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("envoy")
	target := services[(service+1)%len(services)]
	for i := range n {
		s := numbered(ss.Spans().AppendEmpty(), service, i)
		s.SetKind(ptrace.SpanKindClient)
		s.SetName(target + ".shop:9080/*")
		for _, attr := range [][2]string{
			{"component", "proxy"},
			{"node_id", node},
			{"zone", ""},
			{"guid:x-request-id", fmt.Sprintf("2f0c1a5e-1111-4222-8333-%012d", i)},
			{"mesh.call", fmt.Sprintf("3f0c1a5e-1111-4222-8333-%012d", i)},
			{"http.url", fmt.Sprintf("http://%s:9080/%s/%d", target, target, i)},
			{"http.method", "GET"},
			{"http.protocol", "HTTP/1.1"},
			{"http.status_code", "200"},
			{"response_flags", "-"},
			{"user_agent", "Go-http-client/1.1"},
			{"downstream_cluster", "-"},
			{"peer.address", fmt.Sprintf("10.0.0.%d", service)},
			{"request_size", "0"},
			{"response_size", fmt.Sprint(40 + i%20)},
			{"upstream_cluster", "outbound|9080||" + target + ".shop"},
			{"upstream_cluster.name", "outbound|9080||" + target + ".shop"},
		} {
			s.Attributes().PutStr(attr[0], attr[1])
		}
	}
}

func applicationSpans(td ptrace.Traces, service, n int) {
	rs := td.ResourceSpans().AppendEmpty()
	for key, value := range map[string]string{
		"service.name": services[service], "service.version": "v1", "k8s.namespace.name": "shop", "k8s.deployment.name": services[service] + "-v1",
		"mesh.id": "bookinfo", "k8s.cluster.name": "local", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "go",
		"telemetry.sdk.version": "1.47.0", "host.name": "node-7", "process.runtime.version": "go1.26.8", "k8s.pod.name": services[service] + "-v1-7d4b9",
	} {
		rs.Resource().Attributes().PutStr(key, value)
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")
	for i := range n {
		s := numbered(ss.Spans().AppendEmpty(), 10+service, i)
		s.SetKind(ptrace.SpanKindServer)
		s.SetName("GET /" + services[service] + "/{id}")
		a := s.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("url.scheme", "http")
		a.PutStr("url.path", fmt.Sprintf("/%s/%d", services[service], i))
		a.PutStr("http.route", "/"+services[service]+"/{id}")
		a.PutStr("server.address", services[service])
		a.PutInt("server.port", 9080)
		a.PutStr("network.peer.address", "127.0.0.6")
		a.PutInt("network.peer.port", int64(30000+i))
		a.PutStr("network.protocol.version", "1.1")
		a.PutStr("user_agent.original", "Go-http-client/1.1")
		a.PutInt("http.response.status_code", 200)
		a.PutInt("http.response.body.size", int64(40+i%20))
		if i%10 == 0 {
			event := s.Events().AppendEmpty()
			event.SetName("cache miss")
			event.SetTimestamp(s.StartTimestamp() + 1000)
			event.Attributes().PutStr("key", fmt.Sprint("item-", i))
		}
	}
}

// numbered gives a span ids and times of its own.
func numbered(s ptrace.Span, service, i int) ptrace.Span {
	var trace pcommon.TraceID
	var id pcommon.SpanID
	mixed := (uint64(service)<<32 + uint64(i)) * 0x9e3779b97f4a7c15
	binary.BigEndian.PutUint64(trace[:], mixed)
	binary.BigEndian.PutUint64(trace[8:], mixed*0xbf58476d1ce4e5b9)
	binary.BigEndian.PutUint64(id[:], mixed^0x94d049bb133111eb)
	s.SetTraceID(trace)
	s.SetSpanID(id)
	s.SetParentSpanID(id)
	s.SetStartTimestamp(stamp(-time.Second + time.Duration(mixed%1e9)))
	s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(mixed%50e6))
	return s
}

// BenchmarkStats takes a flush of an Envoy with 50 clusters through the
// exporter, a few of whose counters grew.
func BenchmarkStats(b *testing.B) {
	factory := NewFactory()
	base, err := newBase(createDefaultConfig().(*Config), exportertest.NewNopSettings(factory.Type()), "metrics")
	if err != nil {
		b.Fatal(err)
	}
	base.store = nowhere{}
	e, md := newMetrics(base), pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("envoy.node.id", "sidecar~10.0.0.3~reviews-v2.shop~bookinfo")
	list, points := rm.ScopeMetrics().AppendEmpty().Metrics(), 0
	var all []pmetric.NumberDataPoint
	for _, name := range []string{
		"upstream_rq_total", "upstream_rq_retry", "upstream_rq_timeout", "upstream_rq_completed", "upstream_cx_total",
		"upstream_cx_tx_bytes_total", "lb_healthy_panic", "upstream_flow_control_backed_up_total",
	} {
		for cluster := range 50 {
			m := list.AppendEmpty()
			m.SetName("cluster.shop." + name)
			sum := m.SetEmptySum()
			sum.SetIsMonotonic(true)
			sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := sum.DataPoints().AppendEmpty()
			p.Attributes().PutStr("envoy.cluster_name", fmt.Sprint("outbound|9080||service-", cluster))
			all = append(all, p)
			points++
		}
	}
	begun, flush := cpuTime(b), 0
	b.ReportAllocs()
	for b.Loop() {
		flush++
		for i, p := range all {
			p.SetTimestamp(stamp(time.Duration(flush) * time.Second))
			p.SetIntValue(int64(flush * (i % 3)))
		}
		if err := e.ConsumeMetrics(b.Context(), md); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*points)/(cpuTime(b)-begun).Seconds(), "points/cpu-s")
}
