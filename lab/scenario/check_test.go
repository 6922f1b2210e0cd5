package scenario

import (
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// TestEdges changes one thing of a good scenario and says the first finding, ""
// for none: the values on both sides of each border.
func TestEdges(t *testing.T) {
	for _, tc := range []struct{ from, to, want string }{
		{"name: small", "name: " + strings.Repeat("a", 40), ""},
		{"name: small", "name: " + strings.Repeat("a", 41), "is not a name"},
		{"name: small", "name: 1a", "is not a name"},
		{"name: small", "name: a-", "is not a name"},
		{"name: small", "name: a-1", ""},
		{"name: small", "name: small\ncollector: {tier: relayed}", ""},
		{"name: small", "name: small\ncollector: {tier: far}", "\"far\" is not a place for the collector; give node, central or relayed"},
		{"workers: 2", "workers: 1", ""},
		{"workers: 2", "workers: 0", "0 workers can serve nothing"},
		{"workers: 2", "workers: 2\n  replicas: 20", ""},
		{"workers: 2", "workers: 2\n  replicas: 21", "give 1 to 20"},
		{"workers: 2", "workers: 2\n  replicas: 0", "give 1 to 20"},
		{"queue: 0", "queue: -1", "is not a queue length"},
		{"mean: 10ms", "mean: 1m", ""},
		{"mean: 10ms", "mean: 60001ms", "is not a work time"},
		{"mean: 10ms", "mean: 0s", "is not a work time"},
		{"mean: 10ms", "mean: .nan", "is not a duration"},
		{"constant, mean: 10ms", "lognormal, mean: 10ms, cv: 0", ""},
		{"constant, mean: 10ms", "lognormal, mean: 10ms, cv: 50", ""},
		{"constant, mean: 10ms", "lognormal, mean: 10ms, cv: 50.1", "is not a coefficient of variation"},
		{"constant, mean: 10ms", "lognormal, median: 10ms, sigma: 0", ""},
		{"constant, mean: 10ms", "lognormal, median: 10ms, sigma: 3", ""},
		{"constant, mean: 10ms", "lognormal, median: 10ms, sigma: .inf", "is not a spread"},
		{"constant, mean: 10ms", "lognormal, sigma: 1", "is not a work time"},
		{"constant, mean: 10ms", "bimodal, mean: 10ms, slow_share: 0, slow_factor: 1000", ""},
		{"constant, mean: 10ms", "bimodal, mean: 10ms, slow_share: 1, slow_factor: 0.001", ""},
		{"constant, mean: 10ms", "bimodal, mean: 10ms, slow_share: 1, slow_factor: .nan", "is not a factor"},
		{"path: /items\n    work", "path: /items\n    error_rate: 1\n    work", ""},
		{"path: /items\n    work", "path: /items\n    error_rate: 1.0001\n    work", "is not a share"},
		{"rps: 10", "rps: 0.001", ""},
		{"rps: 10", "rps: 0", "is not a rate"},
		{"rps: 10", "rps: .nan", "is not a rate"},
		{"rps: 10", "rps: 100000", ""},
		{"rps: 10", "rps: 100001", "exact counts of at most 2000000"},
		{"rps: 10", "rps: 10, deadline: 1ns", ""},
		{"rps: 10", "rps: 10, deadline: -1s", "is not a deadline"},
		{"rps: 10", "rps: 10, until: 20s", ""},
		{"rps: 10", "rps: 10, until: 20001ms", "after the end of the run"},
		{"rps: 10", "rps: 10, headers: {end-user: jason}", ""},
		{"rps: 10", "rps: 10, headers: {x-mesh-peer: m}", "is set by the lab or the mesh"},
		{"rps: 10", "rps: 10, headers: {'': m}", "is not a header name"},
		{"until: 10s}", "until: 9s, drain: 10999ms}", ""},
		{"until: 10s}", "until: 9s, drain: 11s}", "leaves no load"},
		{"from: 10s, until: 20s", "from: 9999ms, until: 20s", "overlaps phase \"calm\""},
		{"from: 10s, until: 20s", "from: 11s, until: 20s", ""},
		{"name: rest", "name: quiet_rest", ""},
		{"name: rest", "name: _rest", "is not a name"},
		{"rate: 0.5, for: 2s", "rate: 0.5, for: 8s", ""},
		{"rate: 0.5, for: 2s", "rate: 0.5, for: 8001ms", "after the run"},
		{"rate: 0.5, for: 2s", "rate: 0.5, for: 0s", "is not a length of time"},
		{"rate: 0.5", "rate: 0", ""},
		{"rate: 0.5", "rate: .nan", "is not a share"},
		{"rate: 0.5", "rate: 0.5, code: 400", ""},
		{"rate: 0.5", "rate: 0.5, code: 600", "is not an HTTP error"},
		{"do: kill", "do: kill, target: proxy", ""},
		{"do: kill", "do: kill, version: v1", ""},
		{"at: 5s", "at: 0s", ""},
		{"at: 5s", "at: 20s", "outside the run"},
		{"at: 5s", "at: -1ns", "outside the run"},
		{"at: 12s, do: fail, service: back, rate: 0.5,", "at: 6s, do: kill, service: back,", ""},
		{"at: 12s, do: fail, service: back, rate: 0.5,", "at: 5999ms, do: kill, service: back,", "kill overlaps"},
		{"at: 12s, do: fail, service: back, rate: 0.5, for: 2s", "at: 12s, do: store_kill, for: 2s", ""},
		{"- {at: 5s, do: kill, service: back, for: 1s}", "- {at: 4s, do: collector_kill, for: 1s}\n- {at: 5s, do: collector_stop, for: 1s}", ""},
		{"- {at: 5s, do: kill, service: back, for: 1s}", "- {at: 4s, do: collector_kill, for: 2s}\n- {at: 5s, do: collector_stop, for: 1s}", "collector_stop overlaps"},
		{"expect:", "min_duration: {duration: 20s, reason: x}\nexpect:", ""},
		{"expect:", "min_duration: {duration: 21s, reason: x}\nexpect:", "is not between"},
		{"expect:", "duration: 24h\nexpect:", ""},
		{"expect:", "duration: 24h1s\nexpect:", "longer than a lab run may take"},
		{"expect:", "compare: [{title: x, before: calm, after: rest}]\nexpect:", ""},
		{"expect:", "slos: [null]\nexpect:", "name a file relative to the scenario"},
		{"expect:", "mesh: [{kind: A}]\nexpect:", ""},
	} {
		if !strings.Contains(small, tc.from) {
			t.Fatalf("%q is not in the scenario", tc.from)
		}
		docs, err := yamlfile.Parse("f.yaml", []byte(strings.Replace(small, tc.from, tc.to, 1)))
		if err != nil {
			t.Errorf("%s: %v", tc.to, err)
			continue
		}
		_, err = Parse(docs[0])
		switch {
		case err == nil && tc.want != "":
			t.Errorf("%s: accepted, want %q", tc.to, tc.want)
		case err != nil && (tc.want == "" || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %q", tc.to, err, tc.want)
		}
	}
}

// TestCycles draws a call graph as "a>b b>c", each service with one endpoint, and
// says whether it has a cycle.
func TestCycles(t *testing.T) {
	for graph, cyclic := range map[string]bool{
		"a>b":                 false,
		"a>b a>b":             false, // twice is not round
		"a>b a>c b>d c>d":     false, // a diamond
		"a>b b>c c>d d>e":     false,
		"a>a":                 true,
		"a>b b>a":             true,
		"a>b b>c c>a":         true,
		"a>b b>a a>c c>a":     true,
		"a>b b>c c>b":         true,
		"a>b c>d d>c":         true, // not reached from the first
		"a>b b>c c>a b>a d>a": true,
	} {
		s := &Scenario{}
		at := map[string]int{}
		service := func(name string) *Service {
			i, ok := at[name]
			if !ok {
				i = len(s.Services)
				at[name] = i
				s.Services = append(s.Services, Service{Name: name, Endpoints: []Endpoint{{Path: "/"}}})
			}
			return &s.Services[i]
		}
		for _, edge := range strings.Fields(graph) {
			from, to, _ := strings.Cut(edge, ">")
			service(to)
			e := &service(from).Endpoints[0]
			e.Calls = append(e.Calls, Call{Service: to, Path: "/"})
		}
		docs, err := yamlfile.Parse("f.yaml", []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		c := &checker{doc: docs[0], s: s}
		c.cycles()
		if got := len(c.errs) > 0; got != cyclic {
			t.Errorf("%s: findings %v, want some: %v", graph, c.errs, cyclic)
		}
	}
}
