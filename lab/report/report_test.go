package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// sample is a small run in which everything a report can hold is there.
func sample() *Report {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := func(v float64) *float64 { return &v }
	r := &Report{
		Scenario: "shop", Seed: 7, StartedAt: at, DurationS: 60,
		Phases: []Phase{
			{Name: "calm", UntilS: 20, Offered: 2000, OK: 1998, Failed: 2, Goodput: 0.999, CapacityGoodput: 1, P50Ms: f(41), P99Ms: f(180), AttemptsPerRequest: 1.07},
			{Name: "trigger", FromS: 20, UntilS: 26, Offered: 600, OK: 12, Late: 500, Failed: 88, Goodput: 0.02, CapacityGoodput: 0.78, AttemptsPerRequest: 3.9},
			{Name: "again", FromS: 40, UntilS: 46, Offered: 600, OK: 430, Failed: 170, Goodput: 0.717, CapacityGoodput: 0.78, P99Ms: f(870), AttemptsPerRequest: 1.05, RecoveryS: f(6)},
		},
		Compare:  []Comparison{{Title: "the slowdown", Before: "trigger", After: "again"}},
		Truth:    Edges{Edges: []Edge{{Phase: "calm", Src: "shop/local/default/web", Dst: "shop/local/default/db", Route: "db", Requests: 1998, Failures: 2, Attempts: 2100}}},
		Witness:  Witness{Explained: []Difference{{Edge: "calm web → db", Figure: "attempts", Truth: 2100, Observed: 2101, Because: "upstream_rq_active_overflow"}}},
		SLOs:     []SLO{{Name: "web-availability", State: "burning", Phases: map[string]string{"calm": "ok", "trigger": "burning"}}},
		Machine:  Machine{Cores: 2, OvershootP99Ms: 3, CPUSeconds: 40, PeakRSSMiB: 900},
		Versions: map[string]string{"envoy": "1.40.0", "clickhouse": "26.7.2.1", "plimsoll": "dev"},
		Telemetry: Telemetry{
			ALSWritten: 10_000, ALSReceived: 10_000, Rows: 10_000, Completeness: f(1),
		},
		Recommendations: []Recommendation{
			{Edge: "web → db", Knob: "per_try_timeout", Verdict: "PROBE", From: "100ms", To: "400ms", Reason: "8 % of tries are cut at <100 ms>", PlannedAt: at.Add(30 * time.Second)},
			{Edge: "web → db", Knob: "per_try_timeout", Verdict: "KEEP", Provisional: true, From: "400ms", To: "400ms", PlannedAt: at.Add(50 * time.Second)},
		},
		Expectations: []Expectation{{Name: "calm is calm", Expr: "phase.calm.goodput > 0.99", Holds: true}, {Name: "it stays down", Expr: "phase.trigger.goodput < 0.01", Detail: "phase.trigger.goodput = 0.02"}},
		Events:       []Event{{AtS: 20, Label: "db slow ×3", Text: "db slow ×3"}, {AtS: 30, Label: "applied", Text: "applied & confirmed"}},
		Graph:        json.RawMessage(`{"nodes":[{"id":"unknown/default","kind":"unknown"},{"id":"shop/local/default/web","kind":"service"},{"id":"shop/local/default/db","kind":"service"}],"edges":[{"src":"unknown/default","dst":"shop/local/default/web","rate":100,"error_ratio":0.001,"latency_ms":{"p99":{"estimate":180}}},{"src":"shop/local/default/web","dst":"shop/local/default/db","rate":99.9,"error_ratio":null,"latency_ms":null}]}`),
	}
	for i := range 60 {
		r.Series = append(r.Series, Second{AtS: float64(i), Offered: 100, OK: 100 - i, BudgetRemaining: f(1 - float64(i)/50)})
	}
	return r
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, filepath.Join("testdata", "summary.txt"), b.Bytes())
}

// TestJSONNames pins the names that others read.
func TestJSONNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	if err := sample().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^ *"(\w+)":`).FindAllSubmatch(data, -1) {
		names = append(names, string(m[1]))
	}
	all := strings.Join(names, " ")
	for _, want := range []string{
		"scenario", "seed", "phases", "name", "offered", "ok", "goodput", "capacity_goodput", "error_rate", "p50_ms", "p99_ms",
		"attempts_per_request", "truth", "edges", "phase", "src", "dst", "route", "requests", "failures", "attempts", "observed",
		"telemetry", "als_received", "als_dropped", "rows", "completeness", "slos", "sli", "good", "total", "budget_remaining", "state",
		"alerts", "recommendations", "edge", "knob", "verdict", "from", "to", "evidence", "applied_at", "versions",
	} {
		if !strings.Contains(" "+all+" ", " "+want+" ") {
			t.Errorf("the report has no field %q", want)
		}
	}
}

func TestPageStandsAlone(t *testing.T) {
	r := sample()
	var b bytes.Buffer
	if err := r.WritePage(&b, "PHASE <b>"); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, bad := range []string{"http://", "https://", "<script", "src=", "@import", "url(http", "<b>", "<100 ms>"} {
		if strings.Contains(page, bad) {
			t.Errorf("page holds %q", bad)
		}
	}
	for _, want := range []string{"shop", "users", "applied &amp; confirmed", "KEEP (provisional)", "No difference without an explanation", "the slowdown: goodput before and after", "Error budget left"} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if n := strings.Count(page, "<svg"); n != 4 {
		t.Errorf("page has %d drawings, want graph, goodput, overlay, budget", n)
	}
	if strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
		t.Error("page holds a figure that is no number")
	}
}

func TestPageOfAnEmptyRun(t *testing.T) {
	var b bytes.Buffer
	if err := (&Report{Scenario: "none"}).WritePage(&b, ""); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "NaN") {
		t.Error("page holds NaN")
	}
}

func TestDiagramCopesWithCycles(t *testing.T) {
	svg, err := diagram(json.RawMessage(`{"nodes":[{"id":"a"},{"id":"b"},{"id":"c"}],"edges":[{"src":"a","dst":"b"},{"src":"b","dst":"c"},{"src":"c","dst":"a"},{"src":"b","dst":"b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(svg), "class=\"edge\""); n != 4 {
		t.Errorf("%d edges drawn, want 4", n)
	}
	if _, err := diagram(json.RawMessage(`{`)); err == nil {
		t.Error("no error for broken JSON")
	}
}

func TestPlaceUsesTheLongestPath(t *testing.T) {
	var a answer
	text := `{"nodes":[{"id":"user"},{"id":"web"},{"id":"cache"},{"id":"db"}],"edges":[{"src":"user","dst":"web"},{"src":"web","dst":"db"},{"src":"web","dst":"cache"},{"src":"cache","dst":"db"}]}`
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	at, _, _ := place(a)
	if !(at["user"].x < at["web"].x && at["web"].x < at["cache"].x && at["cache"].x < at["db"].x) {
		t.Errorf("columns %v", at)
	}
}

func TestTicks(t *testing.T) {
	for _, r := range [][2]float64{{0, 1}, {0, 180}, {-37, 100}, {0, 0.003}, {12, 13}} {
		list := ticks(r[0], r[1], 5)
		if len(list) < 2 || len(list) > 7 {
			t.Errorf("%v has ticks %v", r, list)
		}
		for _, v := range list {
			if v < r[0]-1e-9 || v > r[1]+math.Abs(r[1])*1e-5+1e-9 {
				t.Errorf("%v has tick %v outside", r, v)
			}
		}
	}
	if ticks(1, 1, 5) != nil {
		t.Error("an empty range has ticks")
	}
}

func TestHolds(t *testing.T) {
	r := sample()
	if r.Holds() {
		t.Error("holds although one expectation does not")
	}
	r.Expectations = r.Expectations[:1]
	if !r.Holds() {
		t.Error("does not hold although all do")
	}
}

// TestTableOfAnOwnStore: what was not counted is not shown as nothing.
func TestTableOfAnOwnStore(t *testing.T) {
	r := sample()
	r.Telemetry.Completeness, r.Telemetry.Rows = nil, 0
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "rows stored not counted") || strings.Contains(b.String(), "0 rows stored") {
		t.Errorf("table:\n%s", b.String())
	}
}

// TestBackAfter: the first phase has no trouble to come back from; a phase that
// recovered at once is told from one that never did.
func TestBackAfter(t *testing.T) {
	zero := 0.0
	r := &Report{Phases: []Phase{{Name: "first"}, {Name: "kept", RecoveryS: &zero}, {Name: "lost"}}}
	for i, want := range []string{"-", "0 s", "not"} {
		if got := r.recovery(r.Phases[i]); got != want {
			t.Errorf("%s: %q, want %q", r.Phases[i].Name, got, want)
		}
	}
}
