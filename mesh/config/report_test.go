package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func read(t *testing.T, text string, o Options) *Report {
	t.Helper()
	docs, err := yamlfile.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Read(docs, o)
}

const mixed = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: good}
spec: {host: reviews}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: second}
spec: {host: reviews.default}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: foreign}
spec: {host: ratings, trafficPolicy: {loadBalancer: {warmupDurationSecs: 1s}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: wrong}
spec: {host: "a b"}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front}
spec: {}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: jwt}
spec: {rules: [{when: [{key: a, values: [b]}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: port}
spec: {hosts: [reviews], http: [{match: [{port: 80}], route: [{destination: {host: reviews}}]}]}
`

func states(r *Report) []string {
	var out []string
	for _, s := range r.Objects {
		out = append(out, strings.TrimSpace(strings.Join([]string{s.Name, string(s.State), strings.Join(s.Fields, ",")}, " ")))
	}
	return out
}

// TestStatus has an object of each kind of fate; none keeps the others from
// being read.
func TestStatus(t *testing.T) {
	want := []string{
		"good Accepted",
		"second Conflicted",
		"foreign Unsupported spec.trafficPolicy.loadBalancer.warmupDurationSecs",
		"wrong Invalid",
		"front Unsupported kind",
		"jwt Unsupported spec.rules[0].when",
		"port Unsupported spec.http[0].match[0].port",
	}
	r := read(t, mixed, Options{})
	if diff := cmp.Diff(want, states(r)); diff != "" {
		t.Error(diff)
	}
	if got := r.Objects[1].Findings.Error(); got != "f.yaml:10: spec.host: reviews.default already has DestinationRule good.default" {
		t.Errorf("conflict: %s", got)
	}
	if r.Err() == nil || r.Config.destinationRules[hostName{"reviews", "default"}].name != "good" {
		t.Error("what is good must be kept, and the error reported")
	}
}

// TestLenient: what is left out becomes a warning, except where that would open
// what it closes or widen what it narrows.
func TestLenient(t *testing.T) {
	r := read(t, mixed, Options{Lenient: true})
	want := []string{
		"good Accepted",
		"second Conflicted",
		"foreign Accepted spec.trafficPolicy.loadBalancer.warmupDurationSecs",
		"wrong Invalid",
		"front Unsupported kind",
		"jwt Unsupported spec.rules[0].when",
		"port Unsupported spec.http[0].match[0].port",
	}
	if diff := cmp.Diff(want, states(r)); diff != "" {
		t.Error(diff)
	}
	warnings := r.Config.Warnings().Error()
	for _, part := range []string{"warmupDurationSecs: not supported by the small mesh; left out", `kind: "Gateway" is not supported`} {
		if !strings.Contains(warnings, part) {
			t.Errorf("warnings lack %q:\n%s", part, warnings)
		}
	}
	for _, part := range []string{"when: not supported by the small mesh; to leave it out would open", "match[0].port: not supported"} {
		if !strings.Contains(r.Err().Error(), part) {
			t.Errorf("errors lack %q:\n%v", part, r.Err())
		}
	}
}

// TestOvershadowed: of two objects of one scope the oldest holds; the other is
// named, and is no error.
func TestOvershadowed(t *testing.T) {
	r := read(t, peer("young", "default", ", creationTimestamp: '2026-01-02T00:00:00Z'", "mtls: {mode: STRICT}")+
		peer("old", "default", ", creationTimestamp: '2026-01-01T00:00:00Z'", "mtls: {mode: DISABLE}")+
		peer("other", "other", "", "mtls: {mode: STRICT}")+
		peer("selected", "default", "", "selector: {matchLabels: {app: web}}"), Options{})
	if diff := cmp.Diff([]string{"young Conflicted", "old Accepted", "other Accepted", "selected Accepted"}, states(r)); diff != "" {
		t.Error(diff)
	}
	want := "f.yaml:4: metadata.name: PeerAuthentication old.default is older and has the same scope; this object does nothing"
	if got := r.Config.Warnings().Error(); got != want || r.Err() != nil {
		t.Errorf("warnings %q, want %q; error %v", got, want, r.Err())
	}
}
