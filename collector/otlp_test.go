package collector

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// testStoresOTLP sends all three signals to a collector, ends it right after the
// last acknowledgement, and finds every row in a real ClickHouse.
func testStoresOTLP(t *testing.T, dsn string) {
	dir := enginetest.Dir(t)
	socket := filepath.Join(dir, "otlp.sock")
	environment(t, dsn, "unix://"+filepath.Join(dir, "als.sock"))
	t.Setenv("PLIMSOLL_OTLP", socket)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, "test", []string{"testdata/config.yaml", "testdata/otlp.yaml"}) }()
	awaitSocket(t, socket, ended)
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	const batches, each = 5, 100
	now := time.Now()
	for batch := range batches {
		if _, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(someSpans(now, batch, each))); err != nil {
			t.Fatal(err)
		}
		if _, err := plogotlp.NewGRPCClient(conn).Export(ctx, plogotlp.NewExportRequestFromLogs(someLogs(now, each))); err != nil {
			t.Fatal(err)
		}
		at := now.Add(time.Duration(batch-batches) * time.Second)
		if _, err := pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequestFromMetrics(someMetrics(at, int64(10*batch)))); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatalf("the collector ended with %v", err)
	}
	for text, want := range map[string]uint64{
		"SELECT count() FROM spans":            batches * each,
		"SELECT uniqExact(span_id) FROM spans": batches * each,
		"SELECT count() FROM spans WHERE node = 'bookinfo/default/shop/reviews' AND peer = 'ratings'": batches * each,
		"SELECT count() FROM spans WHERE code = 503 AND attrs['http.url'] = 'http://ratings/'":        batches * each,
		"SELECT count() FROM spans WHERE kind = 'client' AND duration_us = 1000":                      batches * each,
		"SELECT count() FROM logs": batches * each,
		"SELECT count() FROM logs WHERE severity = 9 AND body = 'hello' AND resource['host.name'] = 'a'":  batches * each,
		"SELECT sum(value) FROM proxy_stats WHERE name = 'upstream_rq_retry'":                             10 * (batches - 1),
		"SELECT count() FROM proxy_stats WHERE name = 'upstream_rq_retry' AND proxy = 'p' AND object='a'": batches,
		"SELECT sum(requests) FROM edge_samples WHERE source = 'istio'":                                   10 * (batches - 1),
		"SELECT count() FROM requests WHERE proxy = 'p' AND outcome = 'server_error'":                     batches,
	} {
		if got := scalar(t, dsn, text); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}

func identify(resource pcommon.Map) {
	resource.PutStr("mesh.id", "bookinfo")
	resource.PutStr("k8s.namespace.name", "shop")
	resource.PutStr("service.name", "reviews")
	resource.PutStr("envoy.node.id", "p")
	resource.PutStr("host.name", "a")
}

func someSpans(now time.Time, batch, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	identify(rs.Resource().Attributes())
	ss := rs.ScopeSpans().AppendEmpty()
	for i := range n {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID([16]byte{1, byte(batch), byte(i)})
		s.SetSpanID([8]byte{2, byte(batch), byte(i)})
		s.SetKind(ptrace.SpanKindClient)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Millisecond)))
		s.Attributes().PutInt("http.response.status_code", 503)
		s.Attributes().PutStr("service.peer.name", "ratings")
		s.Attributes().PutStr("http.url", "http://ratings/")
	}
	return td
}

// someLogs returns n records of an application, and one entry of an access log.
func someLogs(now time.Time, n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	identify(rl.Resource().Attributes())
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range n {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(now))
		r.SetTraceID([16]byte{1})
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.Body().SetStr("hello")
	}
	entry := records.AppendEmpty()
	entry.SetTimestamp(pcommon.NewTimestampFromTime(now))
	for key, value := range map[string]string{
		"access_log.type": "DownstreamEnd", "mesh.direction": "outbound", "http.response.status_code": "500",
		"response_code_details": "via_upstream", "upstream.cluster": "outbound|80||ratings.shop", "duration_ms": "3",
	} {
		entry.Attributes().PutStr(key, value)
	}
	return ld
}

// someMetrics returns a counter of Envoy and one of Istio, as they stand at a
// moment.
func someMetrics(at time.Time, value int64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	identify(rm.Resource().Attributes())
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	for name, labels := range map[string]map[string]any{
		"cluster.upstream_rq_retry": {"envoy.cluster_name": "a"},
		"istio_requests_total":      {"reporter": "source", "destination_workload": "ratings", "response_code": "200"},
	} {
		m := list.AppendEmpty()
		m.SetName(name)
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := sum.DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetIntValue(value)
		_ = p.Attributes().FromRaw(labels)
	}
	return md
}
