package expect

import (
	"strings"
	"testing"
)

func TestVariables(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, expr := range []string{
		"scenario == report.scenario && scenario == 'shop'",
		"phase.calm.offered == report.phases[0].offered",
		"slo['shop-availability'].state == report.slos[0].state",
		"!has(phase.storm) && has(phase.calm)",
		"!has(edge.after)",
		"!('db → web' in edge.calm)",
		"edge.calm['web → db'].truth.src == 'shop/local/default/web'",
		"recommendations.size() == report.recommendations.size()",
	} {
		got, err := e.Judge("x", expr, sample())
		if err != nil || !got.Holds || got.Name != "x" || got.Expr != expr {
			t.Errorf("%s: got %+v, %v; want it to hold", expr, got, err)
		}
	}
}

func TestJudgeNeverHoldsOnWrongTypes(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for expr, why := range map[string]string{
		"phase.calm.recovery_s <= 5":      "no such overload",
		"phase.calm.name > 3":             "no such overload",
		"phase.calm.goodput.share > 0.5":  "no such",
		"report.phases[7].goodput > 0.5":  "index out of bounds",
		"edge.after['web → db'].truth.ok": "no such key: after",
		"phase.calm.name":                 "gave calm, not true or false",
	} {
		got, err := e.Judge("x", expr, sample())
		if err != nil || got.Holds || !strings.Contains(got.Detail, why) {
			t.Errorf("%s: got %+v, %v; want %q", expr, got, err, why)
		}
	}
}

func TestFigures(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for expr, want := range map[string]string{
		"edge.calm['web → db'].truth.requests > 10": "edge.calm['web → db'].truth.requests = 10",
		"phase.calm.ok > 4000 && phase.calm.ok > 1": "phase.calm.ok = 3992",
		"report.phases.exists(p, p.goodput > 1.0)":  "",
		"phase.calm.name == phase.after.name":       `phase.calm.name = "calm", phase.after.name = "after"`,
		"seed > 0":                                  "",
	} {
		got, err := e.Judge("x", expr, sample())
		if err != nil || got.Holds || got.Detail != want {
			t.Errorf("%s: got %+v, %v; want detail %q", expr, got, err, want)
		}
	}
}
