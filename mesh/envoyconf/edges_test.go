package envoyconf

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// TestCopies sees that copies of one workload are hosts and proxies of their
// own, and one workload to whoever reads their rows.
func TestCopies(t *testing.T) {
	m := pair()
	second := *m.Workloads[1]
	second.Instance, second.InboundPort, second.AppPort = "b-copy", 6, 7
	m.Workloads = append(m.Workloads, &second)
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	caller, err := Bootstrap(m, m.Workloads[0], Options{Collector: "/c", AdminSocket: "/a"})
	if err != nil {
		t.Fatal(err)
	}
	type host struct {
		port     uint32
		workload any
	}
	var hosts []host
	for _, h := range cluster(t, caller, "outbound|80||b.default").GetLoadAssignment().GetEndpoints()[0].GetLbEndpoints() {
		port := h.GetEndpoint().GetAddress().GetSocketAddress().GetPortValue()
		hosts = append(hosts, host{port, h.GetMetadata().GetFilterMetadata()[MetadataKey].AsMap()["workload"]})
	}
	if diff := cmp.Diff([]host{{4, "b"}, {6, "b"}}, hosts, cmp.AllowUnexported(host{})); diff != "" {
		t.Error("hosts:", diff)
	}
	if got := action(t, m).GetRetryPolicy().GetRetryHostPredicate(); len(got) != 1 {
		t.Errorf("predicates = %v: a retry may go back to the copy that failed", got)
	}
	for instance, want := range map[string]string{"b": "sidecar~127.0.0.1~b.default~demo", "b-copy": "sidecar~127.0.0.1~b-copy.default~demo"} {
		b, err := Bootstrap(m, m.Workload("default", instance), Options{Collector: "/c", AdminSocket: "/a"})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.GetNode().GetId(); got != want {
			t.Errorf("node id of %s = %s, want %s: heartbeats would be those of one proxy", instance, got, want)
		}
		if got := b.GetNode().GetMetadata().AsMap()["WORKLOAD"]; got != "b" {
			t.Errorf("workload of %s = %v, want b", instance, got)
		}
	}
}

// TestPeerOfCopies sees that each copy names its workload, which the graph
// knows, not itself.
func TestPeerOfCopies(t *testing.T) {
	m := pair()
	m.Workloads[0].Instance = "a-copy"
	if got, want := peers(t, m)[0], "m=demo;c=local;n=default;w=a;s=a;v=;r=default"; got != want {
		t.Errorf("header = %q, want %q", got, want)
	}
}

// TestWeights sees that weights go to Envoy as they are: it takes them relative
// to their sum, whatever that is.
func TestWeights(t *testing.T) {
	m := pair()
	s := m.Services[1]
	s.Subsets = []*model.Subset{{Name: "v1"}, {Name: "v2"}, {Name: "v3"}}
	s.Routes[0].Destinations = []model.Destination{{Subset: "v1", Weight: 1}, {Subset: "v2", Weight: 2}, {Subset: "v3"}, {Weight: 400}}
	a := action(t, m)
	got := map[string]uint32{}
	for _, c := range a.GetWeightedClusters().GetClusters() {
		got[c.GetName()] = c.GetWeight().GetValue()
	}
	want := map[string]uint32{"outbound|80|v1|b.default": 1, "outbound|80|v2|b.default": 2, "outbound|80|v3|b.default": 0, "outbound|80||b.default": 400}
	if diff := cmp.Diff(want, got); diff != "" || a.GetCluster() != "" {
		t.Error(a.GetCluster(), diff)
	}
}

func TestMatches(t *testing.T) {
	header := model.HeaderMatch{Name: "end-user", Exact: "a b"}
	for name, tc := range map[string]struct {
		in           model.Match
		path, prefix string
		headers      int
	}{
		"everything":            {model.Match{}, "", "/", 0},
		"prefix":                {model.Match{Path: model.PathMatch{Prefix: "/a"}}, "", "/a", 0},
		"exact wins":            {model.Match{Path: model.PathMatch{Prefix: "/a", Exact: "/b"}}, "/b", "", 0},
		"header alone":          {model.Match{Headers: []model.HeaderMatch{header}}, "", "/", 1},
		"exact path and header": {model.Match{Path: model.PathMatch{Exact: "/b"}, Headers: []model.HeaderMatch{header, header}}, "/b", "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			got := routeMatch(tc.in)
			if got.GetPath() != tc.path || got.GetPrefix() != tc.prefix || len(got.GetHeaders()) != tc.headers {
				t.Errorf("match = %v", got)
			}
			for _, h := range got.GetHeaders() {
				if h.GetName() != "end-user" || h.GetStringMatch().GetExact() != "a b" || h.GetInvertMatch() {
					t.Errorf("header = %v", h)
				}
			}
		})
	}
}

// TestMatchesShareTheirRoute sees that all matches of a route have its name,
// timeout and retries, in the order in which they are written.
func TestMatchesShareTheirRoute(t *testing.T) {
	m := pair()
	r := m.Services[1].Routes[0]
	r.Timeout = time.Second
	r.Matches = []model.Match{{Path: model.PathMatch{Exact: "/2"}}, {Path: model.PathMatch{Exact: "/1"}}}
	config, err := RouteConfig(m, m.Workloads[0], m.Services[1])
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range config.GetVirtualHosts()[0].GetRoutes() {
		got = append(got, fmt.Sprintf("%s %s %v %d", e.GetName(), e.GetMatch().GetPath(), e.GetRoute().GetTimeout().AsDuration(), e.GetRoute().GetRetryPolicy().GetNumRetries().GetValue()))
	}
	if diff := cmp.Diff([]string{"default /2 1s 2", "default /1 1s 2"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestZeroBudget sees that a budget of nothing is written as one: left out it
// would mean Envoy's own values.
func TestZeroBudget(t *testing.T) {
	b := bootstrap(t, func(m *model.Mesh) { m.Services[1].Policy.RetryBudget = &model.RetryBudget{} })
	got := cluster(t, b, "outbound|80||b.default").GetCircuitBreakers().GetThresholds()[0].GetRetryBudget()
	if got.GetBudgetPercent() == nil || got.GetMinRetryConcurrency() == nil {
		t.Errorf("budget = %v, want zeros that are said", got)
	}
}

// TestOverridesReachEnvoy follows what the API sets into the messages, where a
// field may be lost on the way.
func TestOverridesReachEnvoy(t *testing.T) {
	timeout, perTry, retries := 900*time.Millisecond, 400*time.Millisecond, uint32(7)
	o := model.Override{
		Timeout: &timeout, PerTryTimeout: &perTry, Retries: &retries,
		RetryOn: &model.RetryOn{Conditions: []string{"reset"}, StatusCodes: []uint32{418, 429}},
	}
	m := pair()
	m.Services[1] = o.Apply(m.Services[1], "", 1)
	a := action(t, m)
	p := a.GetRetryPolicy()
	if a.GetTimeout().AsDuration() != timeout || p.GetPerTryTimeout().AsDuration() != perTry || p.GetNumRetries().GetValue() != retries ||
		p.GetRetryOn() != "reset,retriable-status-codes" || !cmp.Equal(p.GetRetriableStatusCodes(), []uint32{418, 429}) {
		t.Errorf("route = %v", a)
	}
	zero := uint32(0)
	m.Services[1] = model.Override{Retries: &zero}.Apply(m.Services[1], "", 1)
	if p := action(t, m).GetRetryPolicy(); p != nil {
		t.Errorf("no retries = %v, want no policy", p)
	}
}

// TestRoutesLeadToClusters draws meshes and sees that every one that the model
// accepts can be rendered, and that no route leads to a cluster which its proxy
// does not have: Envoy would answer 503 and say nothing at start.
func TestRoutesLeadToClusters(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for range 200 {
		m := drawMesh(r)
		if err := m.Validate(); err != nil {
			t.Fatalf("the test draws a bad mesh: %v", err)
		}
		for _, w := range m.Workloads {
			b, err := Bootstrap(m, w, Options{Dir: "/d", Collector: "127.0.0.1:1", AdminSocket: "/a"})
			if err != nil {
				t.Fatal(err)
			}
			has := map[string]bool{}
			for _, c := range b.GetStaticResources().GetClusters() {
				if has[c.GetName()] {
					t.Fatalf("cluster %s stands twice", c.GetName())
				}
				has[c.GetName()] = true
			}
			for _, u := range w.Upstreams {
				for _, name := range targets(t, m, w, u) {
					if !has[name] {
						t.Fatalf("%s has no cluster %s, to which a route leads", w.InstanceName(), name)
					}
				}
			}
		}
	}
}

// targets lists the clusters that a workload's routes to an upstream lead to.
func targets(t *testing.T, m *model.Mesh, w *model.Workload, u model.Upstream) []string {
	t.Helper()
	config, err := RouteConfig(m, w, m.Service(u.Namespace, u.Service))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range config.GetVirtualHosts()[0].GetRoutes() {
		out = append(out, clustersOf(e.GetRoute())...)
	}
	return out
}

func clustersOf(a *routev3.RouteAction) []string {
	var out []string
	for _, c := range a.GetWeightedClusters().GetClusters() {
		out = append(out, c.GetName())
	}
	if a.GetWeightedClusters() == nil {
		out = append(out, a.GetCluster())
	}
	return out
}

// drawMesh has up to four services with subsets, some without hosts, and up to
// three copies of each workload, of which each calls some services.
func drawMesh(r *rand.Rand) *model.Mesh {
	m := &model.Mesh{Name: "demo", Cluster: "local"}
	services := []string{"a", "b", "c", "d"}[:1+r.IntN(4)]
	port := 1000
	next := func() int { port++; return port }
	for _, name := range services {
		m.Services = append(m.Services, drawService(r, name))
		for i := range 1 + r.IntN(3) {
			w := &model.Workload{
				Name: name + "-v1", Instance: fmt.Sprintf("%s-v1-%d", name, i), Namespace: "default", Service: name, Version: "v1",
				Address: "127.0.0.1", InboundPort: next(), AppPort: next(),
			}
			for _, callee := range services[:r.IntN(len(services)+1)] {
				w.Upstreams = append(w.Upstreams, model.Upstream{Service: callee, Namespace: "default", LocalPort: next()})
			}
			m.Workloads = append(m.Workloads, w)
		}
	}
	return m
}

func drawService(r *rand.Rand, name string) *model.Service {
	s := &model.Service{Name: name, Namespace: "default", Port: model.HTTPPort, Policy: model.DefaultPolicy()}
	subsets := []string{""}
	for _, v := range []string{"v1", "v2", "v3"}[:r.IntN(4)] {
		s.Subsets = append(s.Subsets, &model.Subset{Name: v, Labels: map[string]string{model.VersionLabel: v}})
		subsets = append(subsets, v)
	}
	for i := range 1 + r.IntN(3) {
		route := model.DefaultRoute()
		route.Name, route.Destinations = fmt.Sprintf("route %d;%%", i), nil
		for range 1 + r.IntN(3) {
			route.Destinations = append(route.Destinations, model.Destination{Subset: subsets[r.IntN(len(subsets))], Weight: 1 + r.Uint32N(50)})
		}
		s.Routes = append(s.Routes, route)
	}
	return s
}
