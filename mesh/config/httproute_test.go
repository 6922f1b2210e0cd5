package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// gateway is an HTTPRoute of reviews with these rules.
func gateway(rules string) string {
	return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: reviews}
spec: {parentRefs: [{group: "", kind: Service, name: reviews}], rules: [` + rules + `]}
---
`
}

func gatewayRoutes(t *testing.T, rules string) []*model.Route {
	t.Helper()
	return parse(t, gateway(rules)).virtualServices[hostName{"reviews", "default"}].routes
}

// TestPrecedence has one case for each sentence of the Gateway API on which
// match wins; in each, b does.
func TestPrecedence(t *testing.T) {
	for name, tc := range map[string]struct{ a, b string }{
		"an exact path before a longer prefix":  {"path: {value: /abc/d}", "path: {type: Exact, value: /a}"},
		"the longest prefix":                    {"path: {value: /a}", "path: {value: /a/b}"},
		"a method":                              {"path: {value: /a}", "path: {value: /a}, method: GET"},
		"more headers":                          {"headers: [{name: x, value: a}]", "headers: [{name: x, value: a}, {name: y, value: b}]"},
		"more parameters":                       {"queryParams: [{name: x, value: a}]", "queryParams: [{name: x, value: a}, {name: y, value: b}]"},
		"a method before any number of headers": {"headers: [{name: x, value: a}]", "method: GET"},
	} {
		t.Run(name, func(t *testing.T) {
			routes := gatewayRoutes(t, "{name: a, matches: [{"+tc.a+"}]}, {name: b, matches: [{"+tc.b+"}]}")
			if routes[0].Name != "b" || routes[1].Name != "a" {
				t.Errorf("%s comes first", routes[0].Name)
			}
		})
	}
	if first := gatewayRoutes(t, "{name: a, matches: [{method: GET}]}, {name: b, matches: [{method: PUT}]}")[0].Name; first != "a" {
		t.Errorf("of two as specific %s comes first, want that of the document", first)
	}
}

// TestGatewayDefaults: where an HTTPRoute says nothing it differs from Istio.
func TestGatewayDefaults(t *testing.T) {
	got := gatewayRoutes(t, "{backendRefs: [{name: reviews}, {name: ratings, weight: 3}], timeouts: {request: 2s}}")
	off := model.DefaultRetry()
	off.Attempts = 0
	want := []*model.Route{{
		Name: "reviews-0", Object: "HTTPRoute reviews.default", Timeout: 2 * time.Second, Retry: off,
		Destinations: []model.Destination{{Weight: 1}, {Service: "ratings", Namespace: "default", Weight: 3}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPathPrefixIsOfElements: unlike Istio's prefix.
func TestPathPrefixIsOfElements(t *testing.T) {
	for in, want := range map[string]model.PathMatch{
		"value: /a/":                          {Segments: "/a"},
		"value: /":                            {},
		"type: Exact, value: /a/":             {Exact: "/a/"},
		"type: RegularExpression, value: /.*": {Regex: "/.*"},
	} {
		got := gatewayRoutes(t, "{matches: [{path: {"+in+"}}]}")[0].Matches[0].Path
		if got != want {
			t.Errorf("%s: %+v, want %+v", in, got, want)
		}
	}
}

// TestOneHostOneKind: a VirtualService and an HTTPRoute for one host conflict.
func TestOneHostOneKind(t *testing.T) {
	r := read(t, gateway("{}")+routesOf("reviews", "{route: [{destination: {host: reviews}}]}"), Options{})
	if diff := cmp.Diff([]string{"reviews Accepted", "reviews Conflicted"}, states(r)); diff != "" {
		t.Error(diff)
	}
}
