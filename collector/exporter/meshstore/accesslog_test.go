package meshstore

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// entries returns n access log entries of one proxy, each by its own route.
func entries(proxy string, n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("node_name", proxy)
	rl.Resource().Attributes().PutStr("mesh.workload", proxy)
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := list.AppendEmpty()
		r.SetTimestamp(stamp(0))
		for key, value := range map[string]string{
			"access_log.type": "DownstreamEnd", "mesh.direction": "outbound", "route": fmt.Sprint("r", i),
			"dst.service": "ratings", "dst.workload": "ratings-v1", "http.response.status_code": "200", "response_code_details": "via_upstream",
		} {
			r.Attributes().PutStr(key, value)
		}
	}
	return ld
}

// TestCaps: routes beyond the cap of a service are ~other, over all requests and
// proxies, and are counted.
func TestCaps(t *testing.T) {
	tel, store := componenttest.NewTelemetry(), &fakeStore{}
	e := newLogs(started(t, store, "logs", tel.NewTelemetrySettings()))
	for _, proxy := range []string{"a", "b"} {
		if err := e.ConsumeLogs(t.Context(), entries(proxy, rows.MaxRoutes+50)); err != nil {
			t.Fatal(err)
		}
	}
	routes := map[string]int{}
	for _, r := range store.take() {
		routes[field(r, "Route")]++
	}
	if other := routes[`"`+rows.Other+`"`]; len(routes) != rows.MaxRoutes+1 || other != 100 {
		t.Errorf("%d routes, %d rows of others; want %d and 100", len(routes), other, rows.MaxRoutes+1)
	}
	got := reported(t, tel, "plimsoll_otlp_capped")
	if len(got) != 1 || !strings.HasSuffix(got[0], ",signal=logs 100") || !strings.Contains(got[0], "route") {
		t.Errorf("reported %q, want 100 routes", got)
	}
}

// TestReportersAreRemembered: the memo of reporters holds by what their resources
// tell, is bounded, and does not mix them up.
func TestReportersAreRemembered(t *testing.T) {
	m := newEntryMaker(rows.NewCaps())
	take := func(proxy string) *rows.Stream {
		n := names{nodePart: proxy, meshPart: "m", workloadPart: proxy}
		m.setReporter(&n)
		return m.reporting()
	}
	a := take("a")
	if take("a") != a {
		t.Error("a reporter is not remembered")
	}
	if b := take("b"); b == a || b.Reporter().Proxy != "b" || b.Reporter().Peer.ID != "m/default/default/b" {
		t.Errorf("another reporter is %q, %q", b.Reporter().Proxy, b.Reporter().Peer.ID)
	}
	for i := range 2 * maxStreams {
		take(fmt.Sprint("p", i))
		if len(m.streams) > maxStreams {
			t.Fatalf("%d reporters are remembered", len(m.streams))
		}
	}
	if got := take("a").Reporter().Proxy; got != "a" {
		t.Errorf("after the memo was full, reporter a is %q", got)
	}
}

// TestTypes: what ends something is counted, what does not is not.
func TestTypes(t *testing.T) {
	for name, want := range map[string]rows.Kind{
		"DownstreamEnd": rows.Request, "UpstreamEnd": rows.Attempt, "TcpConnectionEnd": rows.Flow, "UdpSessionEnd": rows.Flow,
		"-": rows.Request, "NotSet": rows.Request,
		"DownstreamStart": rows.Interim, "DownstreamPeriodic": rows.Interim, "UpstreamPoolReady": rows.Interim, "UpstreamPeriodic": rows.Interim,
		"TcpUpstreamConnected": rows.Interim, "TcpPeriodic": rows.Interim, "DownstreamTunnelSuccessfullyEstablished": rows.Interim,
		"UdpTunnelUpstreamConnected": rows.Interim, "UdpPeriodic": rows.Interim, "SomethingNew": rows.Interim,
	} {
		m, r := newEntryMaker(rows.NewCaps()), plog.NewLogRecord()
		m.setReporter(&names{})
		r.SetTimestamp(stamp(0))
		r.Attributes().PutStr("access_log.type", name)
		r.Attributes().PutStr("mesh.direction", "outbound")
		if !m.take(r) {
			t.Errorf("%s is no entry", name)
			continue
		}
		if kind, why := m.kind(); kind != want {
			t.Errorf("%s: got kind %d (%s), want %d", name, kind, reasonNames[why], want)
		}
	}
}

// TestEveryAttribute holds the attributes of the README's logger to what is read:
// each of them changes the entry.
func TestEveryAttribute(t *testing.T) {
	values := map[string]string{
		"http.request.method": "GET", "network.protocol": "HTTP/2", "response_flags": "UH", "upstream.address": "10.0.0.1:80",
	}
	seen := 0
	for line := range strings.Lines(read(t, "testdata/envoy.yaml")) {
		key, ok := strings.CutPrefix(strings.TrimSpace(line), "- {key: ")
		key, _, _ = strings.Cut(key, ",")
		if !ok || slices.Contains([]string{"mesh.id", "k8s.cluster.name", "k8s.namespace.name", "mesh.workload", "service.name", "service.version"}, key) {
			continue
		}
		seen++
		value := values[key]
		if value == "" {
			value = "7"
		}
		m, r := newEntryMaker(rows.NewCaps()), plog.NewLogRecord()
		r.Attributes().PutStr(key, value)
		m.take(r)
		if (m.entry == wire.Entry{HasCommon: true}) && m.typ == "" {
			t.Errorf("attribute %s is not read", key)
		}
		r.Attributes().PutStr(key, "-")
		m.take(r)
		if (m.entry != wire.Entry{HasCommon: true}) {
			t.Errorf("attribute %s without value is %+v", key, m.entry)
		}
	}
	if seen < 30 {
		t.Errorf("%d attributes, want those of the logger", seen)
	}
}

// TestConcurrentRequests sends all signals from several senders at once; the
// race detector watches.
func TestConcurrentRequests(t *testing.T) {
	store := &fakeStore{}
	traces, logs := startedTraces(t, store), startedLogs(t, store)
	const senders, each = 4, 20
	var work sync.WaitGroup
	for sender := range senders {
		work.Go(func() {
			for range each {
				if err := traces.ConsumeTraces(t.Context(), spans(3)); err != nil {
					t.Error(err)
				}
				if err := logs.ConsumeLogs(t.Context(), entries(fmt.Sprint(sender), 2)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	byKind := store.sorted()
	if len(byKind["span"]) != senders*each*3 || len(byKind["request"]) != senders*each*2 || store.durable != senders*each*5 {
		t.Errorf("got %d spans and %d requests, %d durable", len(byKind["span"]), len(byKind["request"]), store.durable)
	}
	for _, r := range byKind["request"] {
		if proxy := field(r, "Proxy"); !strings.Contains(r, "/"+strings.Trim(proxy, `"`)+`"`) {
			t.Fatalf("a row of one proxy speaks of another:\n%s", r)
		}
	}
}
