package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// parse reads YAML text that must be good.
func parse(t *testing.T, text string) *Config {
	t.Helper()
	docs, err := yamlfile.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(docs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rule is a DestinationRule for ratings with the given spec fields.
func rule(fields string) string {
	return `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ratings}
spec: {host: ratings` + fields + `}
---
`
}

// routesOf is a VirtualService for a host with the given routes.
func routesOf(host, routes string) string {
	return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ` + host + `}
spec: {hosts: [` + host + `], http: [` + routes + `]}
---
`
}

// TestPolicySemantics has one case for each sentence of Istio's reference that
// the mesh implements.
func TestPolicySemantics(t *testing.T) {
	with := func(change func(*model.Policy)) model.Policy {
		p := model.DefaultPolicy()
		change(&p)
		return p
	}
	for name, tc := range map[string]struct {
		in   string
		want model.Policy
	}{
		"no policy is no limit": {"", model.DefaultPolicy()},
		"a limit of 0 is none":  {", trafficPolicy: {connectionPool: {http: {http2MaxRequests: 0}}}", model.DefaultPolicy()},
		"limits stand for themselves": {
			", trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 2, http2MaxRequests: 3, maxRetries: 4}}}",
			with(func(p *model.Policy) {
				p.Limits = model.Limits{Connections: 1, PendingRequests: 2, Requests: 3, Retries: 4}
			}),
		},
		"fields may be written as the proto names them": {
			", trafficPolicy: {connection_pool: {http: {http2_max_requests: 3}}}",
			with(func(p *model.Policy) { p.Limits.Requests = 3 }),
		},
		"connect timeout": {
			", trafficPolicy: {connectionPool: {tcp: {connectTimeout: 30ms}}}",
			with(func(p *model.Policy) { p.ConnectTimeout = 30 * time.Millisecond }),
		},
		"a budget without values has Envoy's": {
			", trafficPolicy: {retryBudget: {}}",
			with(func(p *model.Policy) { p.RetryBudget = &model.RetryBudget{Percent: 20, MinConcurrency: 3} }),
		},
		"a budget of 0 % is one": {
			", trafficPolicy: {retryBudget: {percent: 0, minRetryConcurrency: 1}}",
			with(func(p *model.Policy) { p.RetryBudget = &model.RetryBudget{MinConcurrency: 1} }),
		},
		"outlier detection without values has Istio's": {
			", trafficPolicy: {outlierDetection: {}}",
			with(func(p *model.Policy) {
				p.Outlier = &model.OutlierDetection{
					Consecutive5xx: 5, Interval: 10 * time.Second, BaseEjection: 30 * time.Second, MaxEjectionPercent: 10,
				}
			}),
		},
		"0 consecutive errors switch a detector off": {
			", trafficPolicy: {outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 7}}",
			with(func(p *model.Policy) {
				o := model.DefaultOutlierDetection()
				o.Consecutive5xx, o.ConsecutiveGateway = 0, 7
				p.Outlier = &o
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := parse(t, rule(tc.in)).Build("demo", "local", workloads())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, m.Service("default", "ratings").Policy); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(model.DefaultPolicy(), m.Service("default", "reviews").Policy); diff != "" {
				t.Error("the rule reaches another service:", diff)
			}
		})
	}
}

func TestDestinations(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want []model.Destination
	}{
		"one gets all, whatever its weight": {
			"{destination: {host: reviews, subset: v1}, weight: 7}",
			[]model.Destination{{Subset: "v1", Weight: 100}},
		},
		"several keep their weights, which need not add up to 100": {
			"{destination: {host: reviews, subset: v1}, weight: 1}, {destination: {host: reviews, subset: v2}, weight: 2}",
			[]model.Destination{{Subset: "v1", Weight: 1}, {Subset: "v2", Weight: 2}},
		},
		"one without a weight among several gets none": {
			"{destination: {host: reviews, subset: v1}, weight: 1}, {destination: {host: reviews, subset: v2}}",
			[]model.Destination{{Subset: "v1", Weight: 1}, {Subset: "v2"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, routesOf("reviews", "{route: ["+tc.in+"]}"))
			got := c.virtualServices[hostName{"reviews", "default"}].routes[0].Destinations
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	c := parse(t, routesOf("reviews", `{
		match: [{uri: {prefix: /a}, headers: {b: {exact: "2"}, a: {exact: "1"}}}, {uri: {exact: /b}}, {headers: {c: {exact: "3"}}}],
		route: [{destination: {host: reviews}}]}`))
	want := []model.Match{
		{Path: model.PathMatch{Prefix: "/a"}, Headers: []model.HeaderMatch{{Name: "a", Exact: "1"}, {Name: "b", Exact: "2"}}},
		{Path: model.PathMatch{Exact: "/b"}},
		{Headers: []model.HeaderMatch{{Name: "c", Exact: "3"}}},
	}
	if diff := cmp.Diff(want, c.virtualServices[hostName{"reviews", "default"}].routes[0].Matches); diff != "" {
		t.Error(diff)
	}
}

// TestRouteNames sees that every route can be told apart, named or not.
func TestRouteNames(t *testing.T) {
	c := parse(t, routesOf("reviews", strings.Repeat("{route: [{destination: {host: reviews}}]}, ", 2)+
		"{name: named, route: [{destination: {host: reviews}}]}"))
	var got []string
	for _, r := range c.virtualServices[hostName{"reviews", "default"}].routes {
		got = append(got, r.Name)
	}
	if diff := cmp.Diff([]string{"reviews-0", "reviews-1", "named"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestNamespaces sees that a short host is one of the object's namespace, and
// that an object may speak of another by a longer one.
func TestNamespaces(t *testing.T) {
	c := parse(t, `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: short, namespace: shop}
spec: {hosts: [cart], http: [{timeout: 1s, route: [{destination: {host: cart.shop}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: long, namespace: shop}
spec: {host: cart.books.svc.cluster.local, trafficPolicy: {connectionPool: {http: {maxRetries: 9}}}}
`)
	list := workloads()[:2]
	list[0].Service, list[0].Namespace = "cart", "shop"
	list[1].Service, list[1].Namespace = "cart", "books"
	m, err := c.Build("demo", "local", list)
	if err != nil {
		t.Fatal(err)
	}
	shop, books := m.Service("shop", "cart"), m.Service("books", "cart")
	if shop.Routes[0].Timeout != time.Second || books.Routes[0].Timeout != 0 {
		t.Errorf("timeouts of shop and books = %v, %v, want 1s and none", shop.Routes[0].Timeout, books.Routes[0].Timeout)
	}
	if shop.Policy.Limits.Retries != model.Unlimited || books.Policy.Limits.Retries != 9 {
		t.Errorf("retries of shop and books = %d, %d, want no limit and 9", shop.Policy.Limits.Retries, books.Policy.Limits.Retries)
	}
}

// TestSynthesisedSubsets sees that what a rule defines is taken as defined, and
// only the rest by version.
func TestSynthesisedSubsets(t *testing.T) {
	c := parse(t, rule(", subsets: [{name: v1, labels: {track: stable}}]")+
		routesOf("ratings", `{route: [
			{destination: {host: ratings, subset: v1}, weight: 1},
			{destination: {host: ratings, subset: v2}, weight: 1}]},
			{route: [{destination: {host: ratings, subset: v2}}]}`))
	want := []*model.Subset{
		{Name: "v1", Labels: map[string]string{"track": "stable"}},
		{Name: "v2", Labels: map[string]string{"version": "v2"}},
	}
	if diff := cmp.Diff(want, c.subsets(hostName{"ratings", "default"})); diff != "" {
		t.Error(diff)
	}
	if len(c.Warnings()) != 1 || !strings.Contains(c.Warnings().Error(), `spec.http[0].route[1].destination.subset: no DestinationRule of ratings.default defines subset "v2"`) {
		t.Errorf("warnings = %v, want one about v2", c.Warnings())
	}
}

// TestSynthesisedRuleNeedsNoWorkload sees that the error about a host that is
// not there names the file that a person wrote, once.
func TestSynthesisedRuleNeedsNoWorkload(t *testing.T) {
	_, err := parse(t, routesOf("checkout", "{route: [{destination: {host: checkout, subset: v1}}]}")).Build("demo", "local", workloads())
	want := "f.yaml:5: spec.hosts: no workload offers checkout.default"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestBuildWithoutObjects(t *testing.T) {
	c, err := Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Build("demo", "local", workloads())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Services) != 2 || m.Services[0].Name != "ratings" || m.Services[1].Name != "reviews" {
		t.Fatalf("services = %+v, want ratings and reviews, sorted", m.Services)
	}
	if diff := cmp.Diff([]*model.Route{model.DefaultRoute()}, m.Services[1].Routes); diff != "" {
		t.Error(diff)
	}
}

func TestBuildChecksWorkloads(t *testing.T) {
	list := workloads()
	list[0].Upstreams = []model.Upstream{{Service: "nowhere", Namespace: "default", LocalPort: 21399}}
	c, err := Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Build("demo", "local", list); err == nil || !strings.Contains(err.Error(), "calls nowhere.default") {
		t.Errorf("error = %v, want one about the upstream", err)
	}
}

// TestSeveralHosts sees that one object may hold the same routes for several
// hosts only where each destination is its own host, which cannot be.
func TestSeveralHosts(t *testing.T) {
	docs, err := yamlfile.Parse("f.yaml", []byte(routesOf("reviews, ratings", "{route: [{destination: {host: reviews}}]}")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(docs); err == nil {
		t.Error("accepted routes of ratings that lead to reviews")
	}
}

func TestDurations(t *testing.T) {
	for in, want := range map[string]string{
		"100ms": "0.1s", "1m30s": "90s", "0.25s": "0.25s", "1h": "3600s", "-1s": "-1s", "1ns": "0.000000001s",
		"soon": "soon", "": "", "5": "5",
	} {
		if got := canonicalDuration(in); got != want {
			t.Errorf("canonicalDuration(%q) = %v, want %s", in, got, want)
		}
	}
	if got := canonicalDuration(5); got != 5 {
		t.Errorf("canonicalDuration(5) = %v, want it left alone", got)
	}
}
