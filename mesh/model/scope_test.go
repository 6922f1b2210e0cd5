package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shop is a web that calls cart, whose calls may go on to stock and are
// mirrored to audit; nobody calls mail.
func shop() (*Mesh, *Workload) {
	web := &Workload{
		Name: "web", Namespace: "shop", Service: "web", Labels: map[string]string{"app": "web"},
		Upstreams: []Upstream{{Service: "cart", Namespace: "shop", LocalPort: 1}},
	}
	m := &Mesh{Name: "demo", Cluster: "local", Workloads: []*Workload{web}}
	for _, name := range []string{"web", "audit", "cart", "mail", "stock"} {
		m.Services = append(m.Services, &Service{Name: name, Namespace: "shop", Routes: []*Route{DefaultRoute()}, Policy: DefaultPolicy()})
	}
	route := m.Service("shop", "cart").Routes[0]
	route.Destinations = append(route.Destinations, Destination{Service: "stock", Namespace: "shop", Weight: 1})
	route.Mirrors = []Mirror{{To: Destination{Service: "audit", Namespace: "shop"}, Percent: 100}}
	return m, web
}

func scope(m *Mesh, w *Workload) []string {
	var out []string
	for _, s := range m.Scope(w) {
		out = append(out, s.Name)
	}
	return out
}

func TestScope(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Mesh, *Workload)
		want   []string
	}{
		"upstreams, and what their routes lead to": {func(*Mesh, *Workload) {}, []string{"audit", "cart", "stock"}},
		"a Sidecar that names the upstream lets its routes work": {
			func(_ *Mesh, w *Workload) { w.Scoped, w.Egress = true, []EgressHost{{Namespace: "shop", Name: "cart"}} },
			[]string{"audit", "cart", "stock"},
		},
		"a Sidecar of a whole namespace": {
			func(_ *Mesh, w *Workload) { w.Scoped, w.Egress = true, []EgressHost{{Namespace: "shop", Name: "*"}} },
			[]string{"audit", "cart", "stock"},
		},
		"a Sidecar that names another hides the upstream": {
			func(_ *Mesh, w *Workload) { w.Scoped, w.Egress = true, []EgressHost{{Namespace: "*", Name: "mail"}} }, nil,
		},
		"a Sidecar without hosts hides everything": {func(_ *Mesh, w *Workload) { w.Scoped = true }, nil},
		"a route for other callers needs nothing": {
			func(m *Mesh, _ *Workload) {
				r := m.Service("shop", "cart").Routes[0]
				r.Matches = []Match{{Source: Source{Labels: map[string]string{"app": "batch"}}}}
			},
			[]string{"cart"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, w := shop()
			tc.change(m, w)
			if diff := cmp.Diff(tc.want, scope(m, w)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRoutesOf(t *testing.T) {
	w := &Workload{Name: "web-v2", Namespace: "shop", Version: "v2", Labels: map[string]string{"app": "web"}}
	mine, theirs := Source{Labels: map[string]string{"app": "web", "version": "v2"}}, Source{Namespace: "books"}
	s := &Service{Routes: []*Route{
		{Name: "everybody"},
		{Name: "mine", Matches: []Match{{Source: mine, Path: PathMatch{Exact: "/a"}}, {Source: theirs}}},
		{Name: "theirs", Matches: []Match{{Source: theirs}}},
	}}
	want := []*Route{{Name: "everybody"}, {Name: "mine", Matches: []Match{{Source: mine, Path: PathMatch{Exact: "/a"}}}}}
	if diff := cmp.Diff(want, s.RoutesOf(w)); diff != "" {
		t.Error(diff)
	}
	if len(s.Routes[1].Matches) != 2 {
		t.Error("RoutesOf changed the service")
	}
}

func TestValidateDestinations(t *testing.T) {
	for want, change := range map[string]func(*Route){
		"service cart.shop: route default leads to till.shop, which nobody offers": func(r *Route) {
			r.Destinations[0].Service, r.Destinations[0].Namespace = "till", "shop"
		},
		"service cart.shop: route default leads to subset v9, which is not defined": func(r *Route) {
			r.Mirrors[0].To.Subset = "v9"
		},
		"service cart.shop: route default: weights add up to 0": func(r *Route) { r.Destinations = nil },
		"": func(r *Route) { r.Destinations, r.Redirect = nil, &Redirect{Code: 301} },
	} {
		m, _ := shop()
		change(m.Service("shop", "cart").Routes[0])
		got := ""
		for _, err := range m.validateService(m.Service("shop", "cart")) {
			got += err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPolicyOf(t *testing.T) {
	own := DefaultPolicy()
	own.Limits.Requests = 1
	s := &Service{Policy: DefaultPolicy(), Subsets: []*Subset{{Name: "v1", Policy: &own}, {Name: "v2"}}}
	for subset, want := range map[string]uint32{"": Unlimited, "v1": 1, "v2": Unlimited, "v3": Unlimited} {
		if got := s.PolicyOf(subset).Limits.Requests; got != want {
			t.Errorf("requests of %q = %d, want %d", subset, got, want)
		}
	}
}

func TestHashNeedsItsAlgorithm(t *testing.T) {
	for name, b := range map[string]Balancer{
		"hash without": {Algorithm: Random, Hash: &Hash{Header: "x"}},
		"ring without": {Algorithm: RingHash},
	} {
		found := 0
		Policy{Balancer: b}.validate(func(string, ...any) { found++ })
		if found != 1 {
			t.Errorf("%s: %d findings, want 1", name, found)
		}
	}
}

func TestExternal(t *testing.T) {
	e := &External{Endpoints: []Endpoint{{Address: "a", Labels: map[string]string{"v": "1"}}, {Address: "b"}}}
	if got := e.Select(map[string]string{"v": "1"}); len(got) != 1 || got[0].Address != "a" {
		t.Errorf("selected %v, want a", got)
	}
	if got := e.Select(nil); len(got) != 2 {
		t.Errorf("selected %v, want both", got)
	}
	s := &Service{Name: "api.example.com", Namespace: "shop", Port: 443, External: e}
	if got, want := s.ClusterName("v1"), "outbound|443|v1|api.example.com"; got != want {
		t.Errorf("cluster %s, want %s", got, want)
	}
}

func TestPrincipal(t *testing.T) {
	m := &Mesh{TrustDomain: "example.org"}
	for account, want := range map[string]string{
		"":     "example.org/ns/shop/sa/default",
		"cart": "example.org/ns/shop/sa/cart",
	} {
		if got := m.Principal(&Workload{Namespace: "shop", ServiceAccount: account}); got != want {
			t.Errorf("principal %s, want %s", got, want)
		}
	}
}
