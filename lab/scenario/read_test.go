package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// parse reads a scenario that must be good.
func parse(t *testing.T, text string) *Scenario {
	t.Helper()
	docs, err := yamlfile.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(docs[0])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const small = `
name: small
services:
- name: front
  endpoints:
  - path: /
    calls:
    - {service: back, path: /items}
- name: back
  version: v1
  workers: 2
  queue: 0
  cancel: false
  endpoints:
  - path: /items
    work: {dist: constant, mean: 10ms}
load:
- {service: front, path: /, rps: 10}
phases:
- {name: calm, from: 0s, until: 10s}
- {name: rest, from: 10s, until: 20s, drain: 0s}
timeline:
- {at: 12s, do: fail, service: back, rate: 0.5, for: 2s}
- {at: 5s, do: kill, service: back, for: 1s}
expect:
- name: fine
  that: phase.calm.goodput == 1.0
`

func TestParseFillsInDefaults(t *testing.T) {
	got := parse(t, small)
	d := func(v time.Duration) yamlfile.Duration { return yamlfile.Duration(v) }
	want := &Scenario{
		Name: "small", File: "test.yaml", Duration: d(20 * time.Second), Collector: Collector{Tier: NodeTier},
		Services: []Service{
			{Name: "front", Replicas: 1, Workers: DefaultWorkers, Queue: DefaultQueue, Cancel: true, Endpoints: []Endpoint{
				{Path: "/", Method: "GET", Calls: []Call{{Service: "back", Path: "/items", Method: "GET"}}},
			}},
			{Name: "back", Replicas: 1, Version: "v1", Workers: 2, Endpoints: []Endpoint{
				{Path: "/items", Method: "GET", Work: Work{Dist: DistConstant, Mean: d(10 * time.Millisecond)}},
			}},
		},
		Load: []Load{{Service: "front", Path: "/", Method: "GET", RPS: 10, Deadline: d(time.Second), Until: d(20 * time.Second)}},
		Phases: []Phase{
			{Name: "calm", Until: d(10 * time.Second), Drain: d(DefaultDrain)},
			{Name: "rest", From: d(10 * time.Second), Until: d(20 * time.Second)},
		},
		Timeline: []Action{ // in order of time, whatever the file's
			{At: d(5 * time.Second), Do: Kill, Service: "back", For: d(time.Second), Target: TargetApp},
			{At: d(12 * time.Second), Do: Fail, Service: "back", Rate: 0.5, Code: 500, For: d(2 * time.Second)},
		},
		Expect: []Expectation{{Name: "fine", That: "phase.calm.goodput == 1.0", Line: 27}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSources(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("mesh/two.yaml", "kind: A\n---\nkind: B\n")
	slo := write("slo.yaml", "kind: SLO\n")
	main := write("main.yaml", small+"mesh:\n- mesh/two.yaml\n- kind: C\nslos:\n- "+slo+"\n")
	s, err := Read(main)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, src := range append(s.Mesh, s.SLOs...) {
		var o struct {
			Kind string `yaml:"kind"`
		}
		if err := src.Doc.Decode(&o); err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(src.Doc.File)
		if src.Inline {
			name += " inline"
		}
		got = append(got, o.Kind+" of "+name)
	}
	want := "A of two.yaml, B of two.yaml, C of main.yaml inline, SLO of slo.yaml"
	if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
		t.Error(diff)
	}
}

func TestLookups(t *testing.T) {
	s := parse(t, small)
	if got := s.Services[0].Workload() + " " + s.Services[1].Workload(); got != "front back-v1" {
		t.Errorf("workloads %s, want front back-v1", got)
	}
	if p, ok := s.Phase("rest"); !ok || p.From.D() != 10*time.Second {
		t.Errorf("the phase rest is %+v, %v", p, ok)
	}
	if got := s.Service("back"); len(got) != 1 || got[0] != &s.Services[1] {
		t.Errorf("the versions of back are %v", got)
	}
	if got := s.Service("never"); got != nil {
		t.Errorf("the versions of a service that is not there are %v", got)
	}
	if _, ok := s.Phase("never"); ok {
		t.Error("found a phase that is not there")
	}
}

// TestShipped keeps the scenarios that come with the project good.
func TestShipped(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "-slo.yaml") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, err := Read(file)
			if err != nil {
				t.Fatal(err)
			}
			if s.MinDuration.Duration > 0 {
				if _, err := s.Scale(s.MinDuration.Duration.D()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestExpectationAlone: an expression needs no name.
func TestExpectationAlone(t *testing.T) {
	s := parse(t, small+"- phase.rest.goodput > 0.5\n")
	want := Expectation{Name: "phase.rest.goodput > 0.5", That: "phase.rest.goodput > 0.5", Line: strings.Count(small, "\n") + 1}
	if diff := cmp.Diff(want, s.Expect[1]); diff != "" {
		t.Error(diff)
	}
}

// TestWholeRunIsAPhase: without phases, the report accounts for the run as one.
func TestWholeRunIsAPhase(t *testing.T) {
	const text = `
name: plain
duration: 30s
services: [{name: a, endpoints: [{path: /}]}]
load: [{service: a, path: /, rps: 1}]
`
	docs, err := yamlfile.Parse("plain.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(docs[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Phases) != 1 || s.Phases[0].Name != WholeRun || s.Phases[0].From != 0 || s.Phases[0].Until.D() != 30*time.Second {
		t.Errorf("phases %+v", s.Phases)
	}
	half, err := s.Scale(15 * time.Second)
	if err != nil || half.Phases[0].Until.D() != 15*time.Second {
		t.Errorf("scaled %+v, %v", half, err)
	}
}
