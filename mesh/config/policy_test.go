package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// peer is a PeerAuthentication; more holds further fields of its metadata.
func peer(name, namespace, more, spec string) string {
	return `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: ` + name + `, namespace: ` + namespace + more + `}
spec: {` + spec + `}
---
`
}

// one returns the only workload of a mesh with these objects: reviews-v1, whose
// application listens on 9080.
func one(t *testing.T, text string) *model.Workload {
	t.Helper()
	w := workloads()[0]
	w.AppPort, w.Labels = 9080, map[string]string{"app": "reviews"}
	m, err := parse(t, text).Build("demo", "local", []*model.Workload{w})
	if err != nil {
		t.Fatal(err)
	}
	return m.Workloads[0]
}

// TestPeerAuthentication has one case for each sentence of Istio's reference
// that the mesh implements.
func TestPeerAuthentication(t *testing.T) {
	const (
		root   = "istio-system"
		strict = "mtls: {mode: STRICT}"
		off    = "mtls: {mode: DISABLE}"
		both   = "mtls: {mode: PERMISSIVE}"
		app    = "selector: {matchLabels: {app: reviews}}"
	)
	for name, tc := range map[string]struct {
		in   string
		want model.PeerMode
	}{
		"without a policy both are taken":                   {"", model.PeerPermissive},
		"one of the root namespace holds for the mesh":      {peer("a", root, "", strict), model.PeerStrict},
		"one of another namespace does not":                 {peer("a", "other", "", strict), model.PeerPermissive},
		"namespace wins over mesh":                          {peer("a", root, "", strict) + peer("b", "default", "", off), model.PeerDisable},
		"workload wins over namespace":                      {peer("a", "default", "", strict) + peer("b", "default", "", app+", "+off), model.PeerDisable},
		"UNSET inherits":                                    {peer("a", root, "", strict) + peer("b", "default", "", "mtls: {mode: UNSET}"), model.PeerStrict},
		"a policy without mtls inherits":                    {peer("a", root, "", strict) + peer("b", "default", "", app), model.PeerStrict},
		"port wins over workload":                           {peer("a", "default", "", app+", "+strict+", portLevelMtls: {9080: {mode: DISABLE}}"), model.PeerDisable},
		"another port does not":                             {peer("a", "default", "", app+", "+strict+", portLevelMtls: {9081: {mode: DISABLE}}"), model.PeerStrict},
		"UNSET for a port inherits":                         {peer("a", "default", "", app+", "+strict+", portLevelMtls: {9080: {mode: UNSET}}"), model.PeerStrict},
		"a selector that takes others says nothing":         {peer("a", "default", "", "selector: {matchLabels: {app: web}}, "+strict), model.PeerPermissive},
		"a selector in the root namespace is not mesh-wide": {peer("a", root, "", app+", "+strict), model.PeerPermissive},
		"the oldest of a scope wins, whatever order of files": {
			peer("a", "default", ", creationTimestamp: '2026-01-02T00:00:00Z'", strict) +
				peer("b", "default", ", creationTimestamp: '2026-01-01T00:00:00Z'", both),
			model.PeerPermissive,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := one(t, tc.in).PeerMode; got != tc.want {
				t.Errorf("mode %s, want %s", got, tc.want)
			}
		})
	}
}

func access(name, namespace, spec string) string {
	return `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ` + name + `, namespace: ` + namespace + `}
spec: {` + spec + `}
---
`
}

// TestAuthorizationScopes: policies of the root namespace and of the workload's
// own that select it hold together; the action decides the list.
func TestAuthorizationScopes(t *testing.T) {
	got := one(t, access("all", "istio-system", "rules: [{}]")+
		access("mine", "default", "selector: {matchLabels: {app: reviews}}")+
		access("theirs", "default", "selector: {matchLabels: {app: web}}")+
		access("elsewhere", "other", "")+
		access("refuse", "default", "action: DENY, rules: [{from: [{source: {namespaces: [test]}}]}]"))
	want := model.Authorization{
		Deny: []model.AuthorizationPolicy{{
			Name:  "refuse.default",
			Rules: []model.AuthorizationRule{{From: []model.AuthorizationSource{{Namespaces: []string{"test"}}}}},
		}},
		Allow: []model.AuthorizationPolicy{
			{Name: "all.istio-system", Rules: []model.AuthorizationRule{{}}},
			{Name: "mine.default"},
		},
	}
	if diff := cmp.Diff(want, got.Authorization); diff != "" {
		t.Error(diff)
	}
}

func TestSidecarScopes(t *testing.T) {
	sidecar := func(name, namespace, spec string) string {
		return "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: " + name + ", namespace: " + namespace + "}\nspec: {" + spec + "}\n---\n"
	}
	mesh := sidecar("a", "istio-system", "egress: [{hosts: ['*/*']}]")
	own := sidecar("b", "default", "egress: [{hosts: ['./*', 'shop/cart']}]")
	mine := sidecar("c", "default", "workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ['~/*']}]")
	for name, tc := range map[string]struct {
		in     string
		scoped bool
		want   []model.EgressHost
	}{
		"without one everything is seen":         {"", false, nil},
		"that of the root namespace":             {mesh, true, []model.EgressHost{{Namespace: "*", Name: "*"}}},
		"the namespace's own wins over it":       {mesh + own, true, []model.EgressHost{{Namespace: "default", Name: "*"}, {Namespace: "shop", Name: "cart"}}},
		"one with a selector wins; ~ is no host": {mesh + own + mine, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t, tc.in)
			if diff := cmp.Diff(tc.want, w.Egress); diff != "" || w.Scoped != tc.scoped {
				t.Errorf("scoped %v, want %v; %s", w.Scoped, tc.scoped, diff)
			}
		})
	}
}

// TestTelemetryInherits: the narrowest says what it sets, the rest it inherits.
func TestTelemetryInherits(t *testing.T) {
	telemetry := func(namespace, spec string) string {
		return "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: t, namespace: " + namespace + "}\nspec: {" + spec + "}\n---\n"
	}
	percent := 5.0
	got := one(t, telemetry("default", "accessLogging: [{disabled: true, match: {mode: CLIENT}}]")+
		telemetry("istio-system", "tracing: [{randomSamplingPercentage: 5}], accessLogging: [{disabled: false}]"))
	if diff := cmp.Diff(model.Telemetry{Sampling: &percent, NoClientLog: true}, got.Telemetry); diff != "" {
		t.Error(diff)
	}
}

// TestPolicyOnPort: settings of the destination are not inherited by a port that
// has its own, and a subset's replace the rule's part by part.
func TestPolicyOnPort(t *testing.T) {
	c := parse(t, rule(`, trafficPolicy: {
		connectionPool: {http: {http2MaxRequests: 5}}, loadBalancer: {simple: RANDOM},
		portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}]},
		subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {http: {http2MaxRequests: 7}}}}]`))
	d := c.destinationRules[hostName{"ratings", "default"}]
	for name, tc := range map[string]struct {
		got       model.Policy
		requests  uint32
		algorithm model.Algorithm
	}{
		"a port without settings":           {d.policy(81), 5, model.Random},
		"a port with some":                  {d.policy(80), model.Unlimited, model.RoundRobin},
		"a subset, on a port without":       {*d.modelSubsets(81)[0].Policy, 7, model.Random},
		"a subset, on a port with settings": {*d.modelSubsets(80)[0].Policy, 7, model.RoundRobin},
	} {
		if tc.got.Limits.Requests != tc.requests || tc.got.Balancer.Algorithm != tc.algorithm {
			t.Errorf("%s: %d requests by %s, want %d by %s", name, tc.got.Limits.Requests, tc.got.Balancer.Algorithm, tc.requests, tc.algorithm)
		}
	}
}
