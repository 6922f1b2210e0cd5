package run

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/hook"
	"github.com/plimsoll-mesh/plimsoll/lab/load"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

// assembled is an assembler over a bench that has run nothing.
func assembled(t *testing.T, text string) (*assembler, *bench) {
	t.Helper()
	b := newBench(t, text)
	b.clock.begin(time.Unix(1_767_323_000, 0))
	receiver, _ := hook.New(time.Now)
	l := &lab{opts: b.apps.opts, apps: b.apps, stack: &stack{hook: receiver}}
	return &assembler{lab: l, driver: b.driver, drive: &drive{load: load.New(load.Config{}), meter: new(load.Meter)}}, b
}

const twoPhases = `
name: small
services:
- name: front
  endpoints: [{path: /, work: {dist: constant, mean: 1ms}, calls: [{service: back, path: /items}]}]
- name: back
  version: v1
  workers: 2
  endpoints: [{path: /items, work: {dist: constant, mean: 100ms}}]
- name: back
  version: v2
  workers: 2
  endpoints: [{path: /items, work: {dist: constant, mean: 100ms}}]
load: [{service: front, path: /, rps: 40, deadline: 1s}]
phases:
- {name: calm, from: 0s, until: 10s}
- {name: trigger, from: 10s, until: 20s}
- {name: later, from: 20s, until: 40s}
timeline:
- {at: 10s, do: slow, service: back, factor: 2, for: 10s}
compare: [{title: the slowdown, before: calm, after: trigger}]
`

const (
	nodeFront = "small/local/default/front"
	nodeBack1 = "small/local/default/back-v1"
	nodeBack2 = "small/local/default/back-v2"
	nodeBack  = "small/local/default/~back"
)

func TestServiceOf(t *testing.T) {
	a, _ := assembled(t, twoPhases)
	for node, want := range map[string]string{
		nodeFront: "front", nodeBack1: "back", nodeBack2: "back", nodeBack: "back", load.Node: "", "": "",
	} {
		if got := a.serviceOf(node); got != want {
			t.Errorf("service of %q is %q, want %q", node, got, want)
		}
	}
}

// TestVisits: calls per user request are counted in the first phase only, over
// all versions, and those that no workload saw belong to their service.
func TestVisits(t *testing.T) {
	a, _ := assembled(t, twoPhases)
	edges := []report.Edge{
		{Phase: "calm", Src: load.Node, Dst: nodeFront, Requests: 100},
		{Phase: "calm", Src: nodeFront, Dst: nodeBack1, Requests: 60},
		{Phase: "calm", Src: nodeFront, Dst: nodeBack2, Requests: 80},
		{Phase: "calm", Src: nodeFront, Dst: nodeBack, Requests: 10},
		{Phase: "trigger", Src: nodeFront, Dst: nodeBack1, Requests: 9999},
	}
	if diff := cmp.Diff(map[string]float64{"front": 1, "back": 1.5}, a.visits(edges)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]float64{}, a.visits(nil)); diff != "" {
		t.Errorf("of nothing: %s", diff)
	}
}

// TestCapacity: four workers at 100 ms serve 40 calls a second; slowed by two,
// half of the 40 offered.
func TestCapacity(t *testing.T) {
	a, _ := assembled(t, twoPhases)
	edges := []report.Edge{
		{Phase: "calm", Src: load.Node, Dst: nodeFront, Requests: 100}, {Phase: "calm", Src: nodeFront, Dst: nodeBack1, Requests: 100},
	}
	for i, want := range []float64{1, 0.5, 1} {
		p := a.opts.Scenario.Phases[i]
		if got := a.capacity(p, edges); got < want-0.01 || got > want+0.01 {
			t.Errorf("%s: at most %.3f of what is offered, want %.2f", p.Name, got, want)
		}
	}
}

func TestOverlap(t *testing.T) {
	const s = time.Second
	for name, tc := range map[string]struct {
		a, b, from, until time.Duration
		want              float64
	}{
		"all":      {0, 10 * s, 2 * s, 4 * s, 1},
		"half":     {3 * s, 10 * s, 2 * s, 4 * s, 0.5},
		"none":     {5 * s, 10 * s, 2 * s, 4 * s, 0},
		"before":   {0, 1 * s, 2 * s, 4 * s, 0},
		"no phase": {0, 10 * s, 4 * s, 4 * s, 0},
	} {
		if got := overlap(tc.a, tc.b, tc.from, tc.until); got != tc.want {
			t.Errorf("%s: %g, want %g", name, got, tc.want)
		}
	}
}

func TestMostAttempts(t *testing.T) {
	edges := []report.Edge{
		{Phase: "calm", Src: load.Node, Dst: nodeFront, Requests: 100, Attempts: 500}, // users do not retry
		{Phase: "calm", Src: nodeFront, Dst: nodeBack1, Requests: 100, Attempts: 130},
		{Phase: "calm", Src: nodeFront, Dst: nodeBack2, Requests: minCallsToJudge - 1, Attempts: 400},
		{Phase: "later", Src: nodeFront, Dst: nodeBack2, Requests: 100, Attempts: 300},
	}
	for phase, want := range map[string]float64{"calm": 1.3, "later": 3, "trigger": 0} {
		if got := mostAttempts(edges, phase); got != want {
			t.Errorf("%s: %g tries a call, want %g", phase, got, want)
		}
	}
}

func TestTruthAndObservedEdges(t *testing.T) {
	a, _ := assembled(t, twoPhases)
	key := func(phase, dst string) truth.Key {
		return truth.Key{Phase: phase, Src: nodeFront, Dst: dst, Route: "r"}
	}
	a.account = truth.Account{Edges: []truth.Edge{
		{Key: key("", nodeBack1), Requests: 3},
		{Key: key("calm", nodeBack1), Requests: 4, Failures: 1, Attempts: 5, Latencies: []int64{1000, 2000, 3000, 9000}},
		{Key: key("later", nodeBack2), Requests: 1},
		{Key: key("trigger", nodeBack2), Requests: 2},
	}}
	var got []string
	for _, e := range a.truthEdges() {
		got = append(got, fmt.Sprintf("%s %d", e.Phase, e.Requests))
		if e.Phase == "calm" && (*e.P50Ms != 2 || *e.P99Ms != 9 || e.Attempts != 5 || e.Failures != 1) {
			t.Errorf("calm %+v", e)
		}
		if e.Phase == "later" && e.P50Ms != nil {
			t.Errorf("a median of nothing: %v", *e.P50Ms)
		}
	}
	if diff := cmp.Diff([]string{"calm 4", "trigger 2", "later 1"}, got); diff != "" {
		t.Errorf("in the order of the phases, without what lies outside of all: %s", diff)
	}
	a.graphs = []*graphv1.GetGraphResponse{{}, {Edges: []*graphv1.Edge{{
		Src: nodeFront, Dst: nodeBack1, Route: "r", Requests: 7, LatencyMs: &graphv1.Quantiles{P50: &typesv1.Figure{Estimate: 5}},
	}}}}
	seen := a.observedEdges()
	if len(seen) != 1 || seen[0].Phase != "trigger" || seen[0].Requests != 7 || *seen[0].P50Ms != 5 || seen[0].P99Ms != nil {
		t.Errorf("observed %+v", seen)
	}
}

// TestSLOs: each objective has the state at the end of each phase.
func TestSLOs(t *testing.T) {
	a, b := assembled(t, twoPhases)
	sli := 0.9
	b.analyzer.slos = []*slov1.SLOStatus{{Name: "x", State: "burning", Sli: &sli, Good: 9, Total: 10}}
	r := &report.Report{}
	if err := a.addSLOs(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := []report.SLO{{
		Name: "x", SLI: &sli, Good: 9, Total: 10, State: "burning",
		Phases: map[string]string{"calm": "burning", "trigger": "burning", "later": "burning"},
	}}
	if diff := cmp.Diff(want, r.SLOs); diff != "" {
		t.Error(diff)
	}
	b.analyzer.refuse = map[string]error{"ListSLOs": fmt.Errorf("down")}
	if err := a.addSLOs(t.Context(), r); err == nil || !strings.HasPrefix(err.Error(), "asking for the SLOs: ") {
		t.Errorf("got %v", err)
	}
}

// TestAlerts: those from before time zero belong to an attempt that was given up.
func TestAlerts(t *testing.T) {
	a, b := assembled(t, twoPhases)
	zero := a.driver.clock.zero()
	at := func(s int) *timestamppb.Timestamp { return timestamppb.New(zero.Add(time.Duration(s) * time.Second)) }
	b.analyzer.alerts = []*alertv1.Alert{
		{Slo: "old", FiredAt: at(-5)},
		{Slo: "x", Severity: "page", FiredAt: at(5), ResolvedAt: at(9), Deliveries: []*alertv1.Delivery{
			{Id: "m1", Event: "resolved", Tries: 7, DeliveredAt: at(9)},
			{Id: "m2", Event: "firing", Tries: 2, DeliveredAt: at(6)},
		}},
		{Slo: "y", FiredAt: at(7)},
	}
	r := &report.Report{}
	if err := a.addAlerts(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if len(r.Alerts) != 2 || r.Alerts[0].SLO != "x" || r.Alerts[1].SLO != "y" {
		t.Fatalf("alerts %+v", r.Alerts)
	}
	x, y := r.Alerts[0], r.Alerts[1]
	if x.Tries != 2 || !x.DeliveredAt.Equal(zero.Add(6*time.Second)) || !x.ResolvedAt.Equal(zero.Add(9*time.Second)) {
		t.Errorf("alert %+v", x)
	}
	if x.ReceivedAt != nil {
		t.Error("the receiver got nothing, yet the report says it did")
	}
	if y.DeliveredAt != nil || y.ResolvedAt != nil {
		t.Errorf("alert without deliveries %+v", y)
	}
}

func TestPlans(t *testing.T) {
	a, b := assembled(t, twoPhases)
	applied := timestamppb.New(time.Unix(2_000_000_000, 0))
	plan := &tunev1.Plan{
		Id: "p", Edge: &typesv1.EdgeRef{SrcService: "front", DstService: "back"}, AppliedAt: applied,
		Recommendations: []*tunev1.Recommendation{
			{Knob: "retries", Verdict: "RECOMMEND", To: "1", Evidence: []*tunev1.Evidence{{Name: "tries", Value: 4, Unit: "tries"}}},
			{Knob: "timeout", Verdict: "KEEP"},
		},
	}
	b.journal.planned(plan, true)
	b.journal.planned(plan, false)
	r := &report.Report{}
	if err := a.addPlans(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range r.Recommendations {
		got = append(got, fmt.Sprintf("%s %s %s applied %v", x.Edge, x.Knob, x.Verdict, x.AppliedAt != nil))
	}
	want := []string{
		"front → back retries RECOMMEND applied true", "front → back timeout KEEP applied false",
		"front → back retries RECOMMEND applied false", "front → back timeout KEEP applied false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	evidence := map[string]any{"tries": map[string]any{"value": 4.0, "unit": "tries", "source": ""}}
	if diff := cmp.Diff(evidence, r.Recommendations[0].Evidence); diff != "" {
		t.Error(diff)
	}
}

func TestSeriesAndComparisons(t *testing.T) {
	a, b := assembled(t, oneService)
	result, _, err := b.once(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	a.drive = result
	b.journal.budget(0, 0.25)
	list := a.series()
	total := 0
	for _, s := range list {
		total += s.OK
	}
	if want := result.load.Window(0, time.Hour).Good; uint64(total) != want {
		t.Errorf("series adds up to %d, want %d", total, want)
	}
	if list[0].BudgetRemaining == nil || *list[0].BudgetRemaining != 0.25 || len(list) > 1 && list[1].BudgetRemaining != nil {
		t.Errorf("budget in %+v", list)
	}
	c, _ := assembled(t, twoPhases)
	if diff := cmp.Diff([]report.Comparison{{Title: "the slowdown", Before: "calm", After: "trigger"}}, c.comparisons()); diff != "" {
		t.Error(diff)
	}
}

// TestPhasesOfARun: the first phase has none; a phase that keeps its goodput was
// never gone.
func TestPhasesOfARun(t *testing.T) {
	a, b := assembled(t, strings.Replace(oneService, "phases: [{name: calm, from: 0s",
		"phases: [{name: before, from: 0s, until: 500ms, drain: 0s}, {name: calm, from: 500ms", 1))
	result, _, err := b.once(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	a.drive = result
	list := a.phases(nil)
	if len(list) != 2 || list[0].RecoveryS != nil || list[1].RecoveryS == nil || *list[1].RecoveryS != 0 {
		t.Fatalf("phases %+v", list)
	}
	for _, p := range list {
		if p.Offered != p.OK || p.ErrorRate != 0 || p.P50Ms == nil || p.Goodput != 1 || p.CapacityGoodput != 1 {
			t.Errorf("phase %+v", p)
		}
	}
}

// TestWitness: edges are held against the file log of the proxies, call by call
// only where a phase is quiet at both ends.
func TestWitness(t *testing.T) {
	a, b := assembled(t, strings.Replace(twoPhases, "{name: trigger, from: 10s, until: 20s}", "{name: trigger, from: 10s, until: 20s, drain: 0s}", 1))
	zero := a.driver.clock.zero().Unix()
	log := fmt.Sprintf(`{"direction":"outbound","start":"%[1]d.5","duration_us":2500,"code":200,"route":"r","peer":"m","dst_workload":"back-v1","dst_service":"back"}
{"direction":"outbound","start":"%[1]d.6","duration_us":2600,"code":503,"route":"r","peer":"m","dst_workload":"-","dst_service":"back"}
{"direction":"inbound","start":"%[1]d.4","duration_us":9000,"code":200,"route":"default","peer":"-"}
{"direction":"inbound","start":"%[1]d.4","duration_us":9000,"code":200,"route":"default","peer":"m=x"}
`, zero)
	for i, p := range b.apps.pairs {
		text := ""
		if i == 0 {
			text = log
		}
		if err := os.WriteFile(p.paths.RequestLog, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := func(low, high int64) *graphv1.LatencyBin {
		return &graphv1.LatencyBin{LowUs: low, HighUs: high, Requests: 1}
	}
	edge := func(src, dst, route string, low, high int64) *graphv1.Edge {
		return &graphv1.Edge{Src: src, Dst: dst, Route: route, Requests: 1, Attempts: 1, LatencyBins: []*graphv1.LatencyBin{bin(low, high)}}
	}
	a.graphs = []*graphv1.GetGraphResponse{{Edges: []*graphv1.Edge{
		edge(load.Node, nodeFront, "default", 8900, 9000), edge(nodeFront, nodeBack1, "r", 2400, 2500), edge(nodeFront, nodeBack, "r", 2700, 2800),
	}}, {}, {}}
	a.drive.counters = []map[string]witness.Stats{{}, {}, {}, {}}
	r := &report.Report{Observed: report.Edges{Edges: a.observedEdges()}}
	r.Truth.Edges = []report.Edge{
		{Phase: "calm", Src: load.Node, Dst: nodeFront, Route: "default", Requests: 1, Attempts: 1},
		{Phase: "calm", Src: nodeFront, Dst: nodeBack1, Route: "r", Requests: 2, Attempts: 1},
		{Phase: "trigger", Src: nodeFront, Dst: nodeBack1, Route: "r", Requests: 999},
	}
	if err := a.addWitness(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var bins []string
	for _, c := range r.Witness.Bins {
		bins = append(bins, fmt.Sprintf("%s: %d rows, %d differ", c.Edge, c.Rows, c.Differing))
	}
	want := []string{
		"calm unknown/default → small/local/default/front default: 1 rows, 0 differ",
		"calm small/local/default/front → small/local/default/back-v1 r: 1 rows, 0 differ",
		"calm small/local/default/front → small/local/default/~back r: 1 rows, 2 differ",
	}
	if diff := cmp.Diff(want, bins); diff != "" {
		t.Error(diff)
	}
	var differ []string
	for _, d := range r.Witness.Unexplained {
		differ = append(differ, fmt.Sprintf("%s %s %d≠%d", d.Edge, d.Figure, d.Truth, d.Observed))
	}
	want = []string{
		"calm small/local/default/front → small/local/default/back-v1 r requests 2≠1",
		"calm small/local/default/front → small/local/default/~back r requests 0≠1",
	}
	if diff := cmp.Diff(want, differ); diff != "" {
		t.Errorf("the phase that is not quiet is left out: %s", diff)
	}
	os.Remove(b.apps.pairs[1].paths.RequestLog)
	if err := a.addWitness(t.Context(), r); err == nil || !strings.Contains(err.Error(), "comparing with the log of back-v1") {
		t.Errorf("without a log: %v", err)
	}
}

// TestOfService: counters of a service whose name begins like another's explain
// nothing of that one.
func TestOfService(t *testing.T) {
	s := witness.Stats{
		"cluster.outbound;80;;back_default.upstream_rq_total":        1,
		"cluster.outbound;80;v1;back_default.upstream_rq_total":      2,
		"cluster.outbound;80;;back-office_default.upstream_rq_total": 3,
		"cluster.outbound;80;;feedback_default.upstream_rq_total":    4,
		"http.inbound.downstream_rq_total":                           5,
	}
	want := witness.Stats{"cluster.outbound;80;;back_default.upstream_rq_total": 1, "cluster.outbound;80;v1;back_default.upstream_rq_total": 2}
	if diff := cmp.Diff(want, ofService(s, "back")); diff != "" {
		t.Error(diff)
	}
	if got := ofService(s, ""); len(got) != 0 {
		t.Errorf("no service has counters %v", got)
	}
}

func TestTelling(t *testing.T) {
	s := witness.Stats{
		"access_logs.grpc_access_log.logs_written":            3,
		"cluster.outbound;80;;back_default.upstream_rq_total": 1,
		"cluster.outbound;80;;back_default.upstream_cx_total": 1,
		"cluster.outbound;80;;back_default.upstream_rq_200":   0,
		"server.uptime": 9,
	}
	want := map[string]float64{"access_logs.grpc_access_log.logs_written": 3, "cluster.outbound;80;;back_default.upstream_rq_total": 1}
	if diff := cmp.Diff(want, telling(s)); diff != "" {
		t.Error(diff)
	}
}

func TestReportNeedsTheGraph(t *testing.T) {
	a, b := assembled(t, twoPhases)
	b.analyzer.refuse = map[string]error{"GetGraph": fmt.Errorf("down")}
	if _, err := a.report(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "asking for the graph: ") {
		t.Errorf("got %v", err)
	}
}

// TestJudge: what does not hold is told with its figures.
func TestJudge(t *testing.T) {
	a, _ := assembled(t, twoPhases)
	a.opts.Scenario.Expect = []scenario.Expectation{{Name: "calm", That: "phase.calm.goodput >= 0.5"}, {Name: "bad", That: "phase.calm.goodput > 0.9"}}
	r := &report.Report{Phases: []report.Phase{{Name: "calm", Goodput: 0.6}}}
	if err := a.judge(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if len(r.Expectations) != 2 || !r.Expectations[0].Holds || r.Expectations[1].Holds || !strings.Contains(r.Expectations[1].Detail, "0.6") {
		t.Errorf("expectations %+v", r.Expectations)
	}
}
