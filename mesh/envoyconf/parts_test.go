package envoyconf

import (
	"net/url"
	"strings"
	"testing"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// pair is a caller and a callee, the least that makes a route.
func pair() *model.Mesh {
	service := func(name string) *model.Service {
		return &model.Service{
			Name: name, Namespace: "default", Port: model.HTTPPort,
			Routes: []*model.Route{model.DefaultRoute()}, Policy: model.DefaultPolicy(),
		}
	}
	return &model.Mesh{
		Name: "demo", Cluster: "local",
		Workloads: []*model.Workload{
			{Name: "a", Namespace: "default", Service: "a", Address: "127.0.0.1", InboundPort: 1, AppPort: 2, Upstreams: []model.Upstream{{Service: "b", Namespace: "default", LocalPort: 3}}},
			{Name: "b", Namespace: "default", Service: "b", Address: "127.0.0.1", InboundPort: 4, AppPort: 5},
		},
		Services: []*model.Service{service("a"), service("b")},
	}
}

func action(t *testing.T, m *model.Mesh) *routev3.RouteAction {
	t.Helper()
	config, err := RouteConfig(m, m.Workloads[0], m.Services[1])
	if err != nil {
		t.Fatal(err)
	}
	return config.GetVirtualHosts()[0].GetRoutes()[0].GetRoute()
}

func TestRetryPolicy(t *testing.T) {
	for name, tc := range map[string]struct {
		in   model.Retry
		want *routev3.RetryPolicy
	}{
		"off": {model.Retry{On: []string{"5xx"}}, nil},
		"plain": {
			model.Retry{Attempts: 2, On: []string{"reset", "5xx"}},
			&routev3.RetryPolicy{RetryOn: "reset,5xx", NumRetries: wrapperspb.UInt32(2)},
		},
		"per try": {
			model.Retry{Attempts: 1, PerTryTimeout: time.Second, On: []string{"reset"}},
			&routev3.RetryPolicy{RetryOn: "reset", NumRetries: wrapperspb.UInt32(1), PerTryTimeout: durationpb.New(time.Second)},
		},
		"status codes need their condition": {
			model.Retry{Attempts: 1, On: []string{"reset"}, StatusCodes: []uint32{429}},
			&routev3.RetryPolicy{RetryOn: "reset,retriable-status-codes", NumRetries: wrapperspb.UInt32(1), RetriableStatusCodes: []uint32{429}},
		},
		"status codes alone": {
			model.Retry{Attempts: 1, StatusCodes: []uint32{429}},
			&routev3.RetryPolicy{RetryOn: "retriable-status-codes", NumRetries: wrapperspb.UInt32(1), RetriableStatusCodes: []uint32{429}},
		},
		"the condition stands once": {
			model.Retry{Attempts: 1, On: []string{"retriable-status-codes"}, StatusCodes: []uint32{429}},
			&routev3.RetryPolicy{RetryOn: "retriable-status-codes", NumRetries: wrapperspb.UInt32(1), RetriableStatusCodes: []uint32{429}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := pair()
			m.Services[1].Routes[0].Retry = tc.in
			if diff := cmp.Diff(tc.want, action(t, m).GetRetryPolicy(), protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPreviousHosts sees that a retry avoids the host that failed only where
// there is another: with one host Envoy would search in vain.
func TestPreviousHosts(t *testing.T) {
	m := pair()
	if got := action(t, m).GetRetryPolicy().GetRetryHostPredicate(); len(got) != 0 {
		t.Errorf("one host has predicates %v", got)
	}
	second := *m.Workloads[1]
	second.Name = "b2"
	m.Workloads = append(m.Workloads, &second)
	policy := action(t, m).GetRetryPolicy()
	if got := policy.GetRetryHostPredicate(); len(got) != 1 || got[0].GetName() != "envoy.retry_host_predicates.previous_hosts" {
		t.Errorf("two hosts have predicates %v", got)
	}
	if got := policy.GetHostSelectionRetryMaxAttempts(); got != 5 {
		t.Errorf("%d selections, want 5", got)
	}
}

// TestNoTimeoutIsSaid sees that "off" is written: Envoy's own default is 15 s.
func TestNoTimeoutIsSaid(t *testing.T) {
	if got := action(t, pair()).GetTimeout(); got == nil || got.AsDuration() != 0 {
		t.Errorf("timeout = %v, want 0s", got)
	}
}

// peers returns the peer header of each Envoy route, as Envoy will send it.
func peers(t *testing.T, m *model.Mesh) []string {
	t.Helper()
	config, err := RouteConfig(m, m.Workloads[0], m.Services[1])
	if err != nil {
		t.Fatal(err)
	}
	host := config.GetVirtualHosts()[0]
	for _, h := range append(host.GetRequestHeadersToAdd(), config.GetRequestHeadersToAdd()...) {
		if h.GetHeader().GetKey() == peerHeader {
			t.Error("the peer header is also set above the routes, where Envoy would let it win")
		}
	}
	var out []string
	for _, r := range host.GetRoutes() {
		h := r.GetRequestHeadersToAdd()
		if len(h) != 1 || h[0].GetHeader().GetKey() != peerHeader || h[0].GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
			t.Fatalf("headers of route %s = %v, want the peer header, over what the application sent", r.GetName(), h)
		}
		out = append(out, strings.ReplaceAll(h[0].GetHeader().GetValue(), "%%", "%"))
	}
	return out
}

// TestPeerNamesRoute sees that the header says by which route a call goes, on
// each of the matches that lead to it.
func TestPeerNamesRoute(t *testing.T) {
	m := pair()
	gold := model.DefaultRoute()
	gold.Name = "gold"
	gold.Matches = []model.Match{{Path: model.PathMatch{Prefix: "/gold"}}, {Path: model.PathMatch{Exact: "/au"}}}
	m.Services[1].Routes = append([]*model.Route{gold}, m.Services[1].Routes...)
	const who = "m=demo;c=local;n=default;w=a;s=a;v=;r="
	if diff := cmp.Diff([]string{who + "gold", who + "gold", who + "default"}, peers(t, m)); diff != "" {
		t.Error(diff)
	}
}

// TestPeerEscapes sees that no name can pass for another part of the header,
// and that each comes back from it.
func TestPeerEscapes(t *testing.T) {
	for _, name := range []string{"plain-1.2_x~y", "100%", "a;w=b", "a=b", "GET /x y", "a%3Bb", "a+b", "größe", `"q"`} {
		m := pair()
		m.Workloads[0].Version, m.Services[1].Routes[0].Name = name, name
		got := peers(t, m)[0]
		parts := strings.Split(got, ";")
		if len(parts) != 7 || strings.Count(got, "=") != 7 || strings.ContainsAny(got, ` "/`) {
			t.Fatalf("header of %q = %q, want seven parts of plain characters", name, got)
		}
		for i, key := range map[int]string{5: "v=", 6: "r="} {
			if back, err := url.PathUnescape(strings.TrimPrefix(parts[i], key)); err != nil || back != name {
				t.Errorf("%s of %q reads %q, %v", key, got, back, err)
			}
		}
	}
}

// TestPeerDoublesPercent sees that the format language of Envoy's headers finds
// nothing to replace in a name.
func TestPeerDoublesPercent(t *testing.T) {
	m := pair()
	m.Services[1].Routes[0].Name = "%REQ(cookie)%"
	config, err := RouteConfig(m, m.Workloads[0], m.Services[1])
	if err != nil {
		t.Fatal(err)
	}
	got := config.GetVirtualHosts()[0].GetRoutes()[0].GetRequestHeadersToAdd()[0].GetHeader().GetValue()
	if want := "r=%%25REQ%%28cookie%%29%%25"; !strings.HasSuffix(got, want) {
		t.Errorf("header = %q, want it to end with %q", got, want)
	}
}

// TestPeerWithoutRoute sees that a route whose name has no room in the header is
// left out of it, and the caller is still named.
func TestPeerWithoutRoute(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("r", maxPeer)} {
		m := pair()
		m.Services[1].Routes[0].Name = name
		if got := peers(t, m)[0]; got != "m=demo;c=local;n=default;w=a;s=a;v=" {
			t.Errorf("header with a route name of %d bytes = %q", len(name), got)
		}
	}
}

// TestInvalidIsRefused sees that Envoy's constraints are checked here, where
// the error can say whose they are.
func TestInvalidIsRefused(t *testing.T) {
	m := pair()
	m.Services[1].Routes[0].Matches = []model.Match{{Headers: []model.HeaderMatch{{Name: "a\nb", Exact: "x"}}}}
	if _, err := RouteConfig(m, m.Workloads[0], m.Services[1]); err == nil || !strings.Contains(err.Error(), "demo/local/default/a → b.default") {
		t.Errorf("error = %v, want one that names the edge", err)
	}
	m = pair()
	m.Services[1].Policy.ConnectTimeout = -time.Second
	_, err := Bootstrap(m, m.Workloads[0], Options{Dir: "/d", AdminSocket: "/d/a", Collector: "/d/c"})
	if err == nil || !strings.Contains(err.Error(), "rendering demo/local/default/a") {
		t.Errorf("error = %v, want one that names the proxy", err)
	}
	m.Workloads[0].Upstreams[0].Service = "c"
	if _, err := Bootstrap(m, m.Workloads[0], Options{Collector: "/d/c"}); err == nil || !strings.Contains(err.Error(), "no service c.default") {
		t.Errorf("error = %v, want one that names the service", err)
	}
}

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]struct {
		ip, path string
		port     uint32
		isName   bool
	}{
		"127.0.0.1:80":      {ip: "127.0.0.1", port: 80},
		"[::1]:80":          {ip: "::1", port: 80},
		"collector:4317":    {ip: "collector", port: 4317, isName: true},
		"/run/als.sock":     {path: "/run/als.sock"},
		"unix:/run/als":     {path: "/run/als"},
		"unix:///run/als":   {path: "///run/als"},
		"collector.a.b:443": {ip: "collector.a.b", port: 443, isName: true},
	} {
		a, isName, err := parseAddress(in)
		if err != nil || isName != want.isName || a.GetSocketAddress().GetAddress() != want.ip ||
			a.GetSocketAddress().GetPortValue() != want.port || a.GetPipe().GetPath() != want.path {
			t.Errorf("parseAddress(%q) = %v, %v, %v, want %+v", in, a, isName, err, want)
		}
	}
	for _, in := range []string{"", "collector", "collector:http", "127.0.0.1:70000", "relative/path"} {
		if a, _, err := parseAddress(in); err == nil {
			t.Errorf("parseAddress(%q) = %v, want an error", in, a)
		}
	}
}

func TestNames(t *testing.T) {
	s := &model.Service{Name: "ratings", Namespace: "shop", Port: 80}
	for got, want := range map[string]string{
		OutboundStats(s): "outbound_ratings_shop",
		RouteName(s):     "outbound|80||ratings.shop",
		ClusterStats("outbound|80|v1|ratings.shop"): "outbound;80;v1;ratings_shop",
		InboundCluster(&model.Workload{AppPort: 7}): "inbound|7",
		RouteFile("/d", s):                          "/d/routes/ratings.shop.json",
		RuntimeFile("/d"):                           "/d/runtime.json",
		RequestLogFile("/d/x"):                      "/d/x.request.json",
		TryLogFile("/d/x"):                          "/d/x.try.json",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestRuntimeOfNoDifference(t *testing.T) {
	services := pair().Services
	layer, err := Runtime(services, services)
	if err != nil {
		t.Fatal(err)
	}
	if fields := layer.GetLayer().GetFields(); len(fields) != 1 || fields[VersionKey].GetStringValue() == "" {
		t.Errorf("layer = %v, want the version alone", fields)
	}
}

func TestRuntimeKeys(t *testing.T) {
	started, want := pair().Services[1:], pair().Services[1:]
	want[0].Policy.Limits = model.Limits{Connections: 1, PendingRequests: 2, Requests: 3, Retries: 4}
	want[0].Policy.RetryBudget = &model.RetryBudget{Percent: 12.5, MinConcurrency: 6}
	layer, err := Runtime(started, want)
	if err != nil {
		t.Fatal(err)
	}
	got := layer.GetLayer().AsMap()
	delete(got, VersionKey)
	prefix := "circuit_breakers.outbound|80||b.default.default."
	if diff := cmp.Diff(map[string]any{
		prefix + "max_connections":                    1.0,
		prefix + "max_pending_requests":               2.0,
		prefix + "max_requests":                       3.0,
		prefix + "max_retries":                        4.0,
		prefix + "retry_budget.budget_percent":        12.5,
		prefix + "retry_budget.min_retry_concurrency": 6.0,
	}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := Runtime(want, started); err == nil || !strings.Contains(err.Error(), "limits of b.default: a retry budget") {
		t.Errorf("error = %v, want one about the budget", err)
	}
}

// TestVersions sees that a version follows the content and nothing else.
func TestVersions(t *testing.T) {
	render := func(change func(*model.Mesh)) string {
		m := pair()
		change(m)
		config, err := RouteConfig(m, m.Workloads[0], m.Services[1])
		if err != nil {
			t.Fatal(err)
		}
		_, version, err := Discovery(config)
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
	first := render(func(*model.Mesh) {})
	if again := render(func(*model.Mesh) {}); again != first {
		t.Errorf("the same routes have versions %s and %s", first, again)
	}
	if other := render(func(m *model.Mesh) { m.Services[1].Routes[0].Timeout = time.Second }); other == first {
		t.Errorf("other routes have the same version %s", first)
	}
}

func TestDifference(t *testing.T) {
	render := func(change func(*model.Mesh)) *bootstrapv3.Bootstrap {
		m := pair()
		change(m)
		b, err := Bootstrap(m, m.Workloads[0], Options{Dir: "/d", AdminSocket: "/d/a", Collector: "/d/c", AccessLogFile: "/d/log"})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	was := render(func(*model.Mesh) {})
	for want, change := range map[string]func(*model.Mesh){
		"":                                 func(*model.Mesh) {},
		"node identity":                    func(m *model.Mesh) { m.Workloads[0].Version = "v2" },
		"listener outbound|80||b.default":  func(m *model.Mesh) { m.Workloads[0].Upstreams[0].LocalPort = 9 },
		"cluster outbound|80||b.default":   func(m *model.Mesh) { m.Services[1].Policy.ConnectTimeout = time.Second },
		"cluster outbound|80|v1|b.default": func(m *model.Mesh) { m.Services[1].Subsets = []*model.Subset{{Name: "v1"}} },
		"listener inbound, cluster inbound|2, cluster inbound|9": func(m *model.Mesh) { m.Workloads[0].AppPort = 9 },
	} {
		if got := Difference(was, render(change)); got != want {
			t.Errorf("difference = %q, want %q", got, want)
		}
	}
	other := proto.CloneOf(was)
	other.Admin = nil
	if got := Difference(was, other); got != "start-up settings" {
		t.Errorf("difference = %q, want start-up settings", got)
	}
}
