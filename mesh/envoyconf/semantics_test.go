package envoyconf

import (
	"maps"
	"slices"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	grpclogv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/grpc/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	upstreamhttpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// These tests say what the goldens only show: the properties that others rely
// on, each with the reason in its message.

func bootstrap(t *testing.T, change func(*model.Mesh)) *bootstrapv3.Bootstrap {
	t.Helper()
	m := pair()
	if change != nil {
		change(m)
	}
	b, err := Bootstrap(m, m.Workloads[0], Options{Dir: "/d", AdminSocket: "/d/admin", Collector: "127.0.0.1:9", AccessLogFile: "/d/log"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cluster(t *testing.T, b *bootstrapv3.Bootstrap, name string) *clusterv3.Cluster {
	t.Helper()
	for _, c := range b.GetStaticResources().GetClusters() {
		if c.GetName() == name {
			return c
		}
	}
	t.Fatalf("no cluster %s", name)
	return nil
}

func unpack[T proto.Message](t *testing.T, packed *anypb.Any, into T) T {
	t.Helper()
	if err := packed.UnmarshalTo(into); err != nil {
		t.Fatal(err)
	}
	return into
}

func manager(t *testing.T, l *listenerv3.Listener) *hcmv3.HttpConnectionManager {
	t.Helper()
	return unpack(t, l.GetFilterChains()[0].GetFilters()[0].GetTypedConfig(), &hcmv3.HttpConnectionManager{})
}

func http2Options(t *testing.T, c *clusterv3.Cluster) *corev3.Http2ProtocolOptions {
	t.Helper()
	o := unpack(t, c.GetTypedExtensionProtocolOptions()[protocolOptions], &upstreamhttpv3.HttpProtocolOptions{})
	return o.GetExplicitHttpConfig().GetHttp2ProtocolOptions()
}

func TestNode(t *testing.T) {
	b := bootstrap(t, func(m *model.Mesh) {
		m.Workloads[0].Version, m.Workloads[0].ServiceAccount = "v1", "robot"
	})
	if got := b.GetNode().GetId(); got != "sidecar~127.0.0.1~a.default~demo" {
		t.Errorf("node id = %s", got)
	}
	if got := b.GetNode().GetCluster(); got != "a.default" {
		t.Errorf("node cluster = %s", got)
	}
	want := map[string]any{
		"MESH_ID": "demo", "CLUSTER_ID": "local", "NAMESPACE": "default", "WORKLOAD": "a", "SERVICE": "a",
		"VERSION": "v1", "SERVICE_ACCOUNT": "robot", "PROXY_KIND": "sidecar",
	}
	if diff := cmp.Diff(want, b.GetNode().GetMetadata().AsMap()); diff != "" {
		t.Error(diff)
	}
	if _, has := bootstrap(t, nil).GetNode().GetMetadata().AsMap()["VERSION"]; has {
		t.Error("an empty version is said; a reader would take it for one")
	}
}

func TestAdminIsPrivate(t *testing.T) {
	address := bootstrap(t, nil).GetAdmin().GetAddress()
	if address.GetPipe().GetPath() != "/d/admin" || address.GetPipe().GetMode() != 0o600 {
		t.Errorf("admin address = %v, want a unix socket of mode 0600", address)
	}
}

// TestCollectorCluster holds what keeps Envoy from losing rows without counting
// them, each of which was seen to matter.
func TestCollectorCluster(t *testing.T) {
	c := cluster(t, bootstrap(t, nil), CollectorName)
	checks := c.GetHealthChecks()
	if len(checks) != 1 || checks[0].GetTcpHealthCheck() == nil ||
		checks[0].GetUnhealthyThreshold().GetValue() != 1 || checks[0].GetHealthyThreshold().GetValue() != 1 {
		t.Errorf("health checks = %v, want one by TCP with thresholds of 1", checks)
	}
	for _, d := range []int64{checks[0].GetInterval().AsDuration().Milliseconds(), checks[0].GetNoTrafficInterval().AsDuration().Milliseconds()} {
		if d != 500 {
			t.Errorf("health check each %d ms, want 500: the default without traffic is 60 s", d)
		}
	}
	if p := c.GetCommonLbConfig().GetHealthyPanicThreshold(); p == nil || p.GetValue() != 0 {
		t.Errorf("panic threshold = %v, want 0: else rows go to a dead receiver", p)
	}
	o := http2Options(t, c)
	if o.GetInitialStreamWindowSize().GetValue() != collectorWindow || o.GetInitialConnectionWindowSize().GetValue() != collectorWindow {
		t.Errorf("windows = %v, want bounded ones: else megabytes wait uncounted", o)
	}
}

func TestOutboundCluster(t *testing.T) {
	b := bootstrap(t, func(m *model.Mesh) {
		s := m.Services[1]
		s.Subsets = []*model.Subset{{Name: "v2", Labels: map[string]string{"version": "v2"}}, {Name: "none", Labels: map[string]string{"version": "v9"}}}
		second := *m.Workloads[1]
		second.Name, second.Version, second.InboundPort = "b-v2", "v2", 6
		m.Workloads = append(m.Workloads, &second)
	})
	for name, want := range map[string][]uint32{
		"outbound|80||b.default":     {4, 6},
		"outbound|80|v2|b.default":   {6},
		"outbound|80|none|b.default": nil,
	} {
		c := cluster(t, b, name)
		var got []uint32
		for _, h := range c.GetLoadAssignment().GetEndpoints()[0].GetLbEndpoints() {
			got = append(got, h.GetEndpoint().GetAddress().GetSocketAddress().GetPortValue())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("hosts of %s: %s", name, diff)
		}
		if http2Options(t, c) == nil {
			t.Errorf("%s does not speak HTTP/2", name)
		}
		if w := c.GetCommonLbConfig().GetUpdateMergeWindow(); w == nil || w.AsDuration() != 0 {
			t.Errorf("%s: merge window %v, want 0 s: else a second ejection is seen late", name, w)
		}
		if !c.GetCircuitBreakers().GetThresholds()[0].GetTrackRemaining() {
			t.Errorf("%s does not track what remains of its limits", name)
		}
	}
	host := cluster(t, b, "outbound|80|v2|b.default").GetLoadAssignment().GetEndpoints()[0].GetLbEndpoints()[0]
	want := map[string]any{"workload": "b-v2", "version": "v2"}
	if diff := cmp.Diff(want, host.GetMetadata().GetFilterMetadata()[MetadataKey].AsMap()); diff != "" {
		t.Error("host metadata:", diff)
	}
}

func TestThresholds(t *testing.T) {
	b := bootstrap(t, func(m *model.Mesh) {
		m.Services[1].Policy.Limits = model.Limits{Connections: 1, PendingRequests: 2, Requests: 3, Retries: 4}
		m.Services[1].Policy.RetryBudget = &model.RetryBudget{Percent: 12, MinConcurrency: 5}
	})
	got := cluster(t, b, "outbound|80||b.default").GetCircuitBreakers().GetThresholds()[0]
	if got.GetMaxConnections().GetValue() != 1 || got.GetMaxPendingRequests().GetValue() != 2 ||
		got.GetMaxRequests().GetValue() != 3 || got.GetMaxRetries().GetValue() != 4 ||
		got.GetRetryBudget().GetBudgetPercent().GetValue() != 12 || got.GetRetryBudget().GetMinRetryConcurrency().GetValue() != 5 {
		t.Errorf("thresholds = %v", got)
	}
	got = cluster(t, bootstrap(t, nil), "outbound|80||b.default").GetCircuitBreakers().GetThresholds()[0]
	if got.GetRetryBudget() != nil || got.GetMaxRetries().GetValue() != model.Unlimited {
		t.Errorf("default thresholds = %v, want no budget, which would replace max_retries, and no limits", got)
	}
}

func TestOutlierDetection(t *testing.T) {
	b := bootstrap(t, func(m *model.Mesh) {
		o := model.DefaultOutlierDetection()
		o.Consecutive5xx, o.ConsecutiveGateway = 0, 4
		m.Services[1].Policy.Outlier = &o
	})
	c := cluster(t, b, "outbound|80||b.default")
	o := c.GetOutlierDetection()
	if o.GetEnforcingConsecutive_5Xx().GetValue() != 0 || o.GetConsecutive_5Xx() != nil {
		t.Errorf("a detector that is off is enforced: %v", o)
	}
	if o.GetEnforcingConsecutiveGatewayFailure().GetValue() != 100 || o.GetConsecutiveGatewayFailure().GetValue() != 4 {
		t.Errorf("a detector that is asked for is not enforced: %v", o)
	}
	if s := o.GetEnforcingSuccessRate(); s == nil || s.GetValue() != 0 {
		t.Errorf("success rate is enforced, which nobody asked for: %v", o)
	}
	if p := c.GetCommonLbConfig().GetHealthyPanicThreshold(); p == nil || p.GetValue() != 0 {
		t.Errorf("panic threshold = %v, want 0: else ejected hosts come back", p)
	}
	if cluster(t, bootstrap(t, nil), "outbound|80||b.default").GetOutlierDetection() != nil {
		t.Error("a detection that nobody asked for is on")
	}
}

func TestListeners(t *testing.T) {
	listeners := bootstrap(t, nil).GetStaticResources().GetListeners()
	if len(listeners) != 2 {
		t.Fatalf("%d listeners, want 2", len(listeners))
	}
	in, out := listeners[0], listeners[1]
	if in.GetTrafficDirection() != corev3.TrafficDirection_INBOUND || out.GetTrafficDirection() != corev3.TrafficDirection_OUTBOUND {
		t.Error("listeners without their direction")
	}
	if port := out.GetAddress().GetSocketAddress(); port.GetAddress() != "127.0.0.1" || port.GetPortValue() != 3 {
		t.Errorf("outbound listener at %v, want the local port, for nobody else", port)
	}
	m := manager(t, in)
	if m.GetCodecType() != hcmv3.HttpConnectionManager_AUTO {
		t.Error("the inbound listener refuses one of HTTP/1.1 and HTTP/2")
	}
	if o := m.GetHttp2ProtocolOptions(); o.GetStreamResetBurst().GetValue() != resetBurst || o.GetStreamResetRate().GetValue() != resetRate {
		t.Errorf("reset limits = %v", o)
	}
	route := m.GetRouteConfig().GetVirtualHosts()[0].GetRoutes()[0].GetRoute()
	if route.GetTimeout() == nil || route.GetTimeout().AsDuration() != 0 || route.GetRetryPolicy() != nil {
		t.Errorf("inbound route = %v, want no timeout and no retries: those are the caller's", route)
	}
	if rds := manager(t, out).GetRds(); rds.GetRouteConfigName() != "outbound|80||b.default" ||
		rds.GetConfigSource().GetPathConfigSource().GetPath() != "/d/routes/b.default.json" {
		t.Errorf("outbound routes come from %v", rds)
	}
}

// TestAccessLogs sees that both directions log requests, and that only the
// outbound one, which alone makes several, logs tries.
func TestAccessLogs(t *testing.T) {
	for i, want := range []struct {
		d     direction
		tries int
		tags  []string
	}{
		{inbound, 0, []string{"conn.tls", "dst.principal", "mesh.direction", "src.principal", "up.tls"}},
		{outbound, 2, []string{
			"conn.tls", "dst.namespace", "dst.principal", "dst.service", "dst.version", "dst.workload",
			"mesh.direction", "src.principal", "up.tls",
		}},
	} {
		m := manager(t, bootstrap(t, nil).GetStaticResources().GetListeners()[i])
		router := unpack(t, m.GetHttpFilters()[0].GetTypedConfig(), &routerv3.Router{})
		if len(m.GetAccessLog()) != 2 || len(router.GetUpstreamLog()) != want.tries {
			t.Errorf("%s has %d logs of requests and %d of tries, want 2 (stream and file) and %d", want.d, len(m.GetAccessLog()), len(router.GetUpstreamLog()), want.tries)
		}
		config := unpack(t, m.GetAccessLog()[0].GetTypedConfig(), &grpclogv3.HttpGrpcAccessLogConfig{})
		tags := map[string]bool{}
		for _, tag := range config.GetCommonConfig().GetCustomTags() {
			tags[tag.GetTag()] = true
		}
		if diff := cmp.Diff(want.tags, slices.Sorted(maps.Keys(tags))); diff != "" {
			t.Errorf("tags of %s: %s", want.d, diff)
		}
		if config.GetCommonConfig().GetBufferSizeBytes().GetValue() != 1<<20 {
			t.Errorf("%s buffers %v", want.d, config.GetCommonConfig().GetBufferSizeBytes())
		}
		headers := []string{"x-mesh-call", "x-envoy-attempt-count", "x-mesh-peer", "traceparent"}
		if diff := cmp.Diff(headers, config.GetAdditionalRequestHeadersToLog()); diff != "" {
			t.Errorf("headers of %s: %s", want.d, diff)
		}
	}
}

func TestNoFileLogUnlessAsked(t *testing.T) {
	m := pair()
	b, err := Bootstrap(m, m.Workloads[0], Options{Dir: "/d", AdminSocket: "/d/admin", Collector: "127.0.0.1:9"})
	if err != nil {
		t.Fatal(err)
	}
	if logs := manager(t, b.GetStaticResources().GetListeners()[0]).GetAccessLog(); len(logs) != 1 {
		t.Errorf("%d logs, want the stream alone", len(logs))
	}
}
