package expect

import (
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
)

func sample() *report.Report {
	recovery := 2.0
	return &report.Report{
		Scenario: "shop",
		Phases: []report.Phase{
			{Name: "calm", Goodput: 0.998, Offered: 4000, OK: 3992},
			{Name: "after", Goodput: 0.7, RecoveryS: &recovery},
		},
		SLOs:     []report.SLO{{Name: "shop-availability", State: "ok"}},
		Observed: report.Edges{Edges: []report.Edge{{Phase: "calm", Src: "shop/local/default/web", Dst: "shop/local/default/db", Requests: 10}}},
		Truth:    report.Edges{Edges: []report.Edge{{Phase: "calm", Src: "shop/local/default/web", Dst: "shop/local/default/db", Requests: 10}}},
		Recommendations: []report.Recommendation{
			{Knob: "timeout", Verdict: "RECOMMEND", To: "900ms"},
		},
	}
}

func TestJudge(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for expr, want := range map[string]struct {
		holds  bool
		detail string
	}{
		"phase.calm.goodput >= 0.99":                  {true, ""},
		"phase.calm.goodput >= 0.999":                 {false, "phase.calm.goodput = 0.998"},
		"phase.calm.ok + phase.after.ok == 3992":      {true, ""},
		"phase.calm.recovery_s == null":               {true, ""},
		"phase.after.recovery_s <= 5":                 {true, ""},
		`slo["shop-availability"].state == "burning"`: {false, `slo["shop-availability"].state = "ok"`},
		`edge.calm["web → db"].observed.requests == edge.calm["web → db"].truth.requests`: {true, ""},
		`report.recommendations.exists(r, r.knob == "timeout" && r.to == "900ms")`:        {true, ""},
		`report.recommendations.all(r, r.verdict == "KEEP")`:                              {false, ""},
		"seed == 0 && telemetry.rows == 0 && size(truth.edges) == 1":                      {true, ""},
		"telemetry.rows > 0":        {false, "telemetry.rows = 0"},
		"phase.storm.goodput > 0.5": {false, "no such key: storm"},
		"phase.calm.goodput":        {false, "the expression gave 0.998, not true or false"},
		"size(report.phases) == 2 && report.scenario.startsWith('sh')":             {true, ""},
		"math.least(phase.calm.goodput, phase.after.goodput) < 0.75":               {true, ""},
		"phase.calm.goodput / phase.after.goodput > 2 || phase.calm.goodput < 0.5": {false, "phase.calm.goodput = 0.998, phase.after.goodput = 0.7"},
	} {
		got, err := e.Judge("x", expr, sample())
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if got.Holds != want.holds || got.Detail != want.detail {
			t.Errorf("%s: holds %v, detail %q; want %v, %q", expr, got.Holds, got.Detail, want.holds, want.detail)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for expr, want := range map[string]string{
		"phase.calm.goodput >=": "Syntax error",
		"fases.calm.goodput":    "undeclared reference to 'fases'",
		"1 + 2":                 "of type int, not true or false",
		"'a' < 1":               "no matching overload",
	} {
		if err := e.Check(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", expr, err, want)
		}
	}
	if err := e.Check("phase.calm.goodput > 0.5"); err != nil {
		t.Errorf("good expression refused: %v", err)
	}
}

func TestCostIsBounded(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	r := sample()
	for range 2000 {
		r.Phases = append(r.Phases, report.Phase{Name: "p"})
	}
	got, err := e.Judge("x", "report.phases.all(a, report.phases.all(b, report.phases.all(c, a.offered <= b.offered || c.ok >= 0)))", r)
	if err != nil || got.Holds || !strings.Contains(got.Detail, "cost") {
		t.Errorf("got %+v, %v; want the cost limit", got, err)
	}
}

// TestSeveralRoutes: with two routes the pair alone names neither.
func TestSeveralRoutes(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	r := sample()
	other := r.Truth.Edges[0]
	other.Route, other.Requests = "gold", 3
	r.Truth.Edges = append(r.Truth.Edges, other)
	for expr, want := range map[string]string{
		`edge.calm["web → db gold"].truth.requests == 3`:  "",
		`edge.calm["web → db "].observed.requests == 10`:  "",
		`edge.calm["web → db"].truth.requests == 3`:       "no such key: web → db",
		`edge.calm["web → db gold"].truth.requests == 10`: `edge.calm["web → db gold"].truth.requests = 3`,
	} {
		got, err := e.Judge("x", expr, r)
		if err != nil || got.Holds != (want == "") || got.Detail != want {
			t.Errorf("%s: %+v, %v; want %q", expr, got, err, want)
		}
	}
}
