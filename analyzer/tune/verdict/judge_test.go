package verdict

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
)

// collapse simulates the mis-set edge: 12 s of calm, a trigger of 6 s and 12 s
// of collapse.
func collapse(seed uint64, rps float64) Input {
	s := newSim(seed)
	s.rps = rps
	s.policy.perTry, s.policy.retries = 100*time.Millisecond, 3
	s.run(14 * time.Second)
	s.slow = 3
	s.run(6 * time.Second)
	s.slow = 1
	s.run(12 * time.Second)
	return Input{
		Healthy:  s.rows(2*time.Second, 14*time.Second),
		Stressed: s.rows(14*time.Second, 32*time.Second),
		Deadline: time.Second,
		Current:  protoOf(s.policy),
	}
}

// The recommendation does not hang on the luck of one run.
func TestCascadeOverSeeds(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		for _, rps := range []float64{100, 110} {
			t.Run(fmt.Sprintf("seed=%d,rps=%g", seed, rps), func(t *testing.T) {
				plan := Judge(collapse(seed, rps))
				retries, limit := uint32(1), plan.GetPolicy().GetMaxRequests()
				want := &meshv1.TrafficPolicy{
					Timeout:       durationpb.New(900 * time.Millisecond),
					PerTryTimeout: durationpb.New(400 * time.Millisecond),
					Retries:       &retries,
					RetryBudget:   &meshv1.RetryBudget{Percent: 20, MinConcurrency: 3},
					MaxRequests:   &limit,
				}
				if diff := cmp.Diff(want, plan.GetPolicy(), protocmp.Transform()); diff != "" {
					t.Errorf("policy (-want +got):\n%s", diff)
				}
				if limit < 15 || limit > 24 {
					t.Errorf("max_requests = %d, want near 20 (15 to 24)", limit)
				}
				if got := verdictOf(plan, KnobPerTry); got != Probe {
					t.Errorf("per-try timeout: %s, want PROBE", got)
				}
			})
		}
	}
}

func verdictOf(p *tunev1.Plan, knob string) string {
	for _, r := range p.GetRecommendations() {
		if r.GetKnob() == knob {
			return r.GetVerdict()
		}
	}
	return ""
}

// The recommended limits rescue the edge that they were judged from, where the
// half measures do not.
func TestRecommendationRescues(t *testing.T) {
	good := func(p policy) float64 {
		s := newSim(1)
		s.policy = p
		s.run(14 * time.Second)
		s.slow = 3
		s.run(6 * time.Second)
		s.slow = 1
		s.run(10 * time.Second)
		after := s.rows(22*time.Second, 30*time.Second)
		ok := 0
		for _, try := range after.Tries {
			ok += one(try.Code == 200)
		}
		return float64(ok) / float64(after.Requests.Total)
	}
	in := collapse(1, 100)
	before := policyOf(in.Current)
	after := policyOf(Judge(in).GetPolicy())
	if share := good(before); share > 0.05 {
		t.Errorf("%.0f %% good after the trigger with the mis-set limits: the edge should have collapsed", 100*share)
	}
	if share := good(after); share < 0.98 {
		t.Errorf("%.0f %% good after the trigger with the recommended limits, want ≥ 98 %%", 100*share)
	}
}

func TestNoRows(t *testing.T) {
	in := collapse(1, 100)
	in.Healthy.Tries, in.Stressed.Tries = nil, nil
	plan := Judge(in)
	for _, r := range plan.GetRecommendations() {
		if r.GetVerdict() != Insufficient || r.GetTo() != "" {
			t.Errorf("%s %s -> %s without a row", r.GetVerdict(), r.GetKnob(), r.GetTo())
		}
	}
	if diff := cmp.Diff(&meshv1.TrafficPolicy{}, plan.GetPolicy(), protocmp.Transform()); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
}

func TestGuardWithdrawsProbe(t *testing.T) {
	j := newJudgement(collapse(1, 100))
	j.policy.PerTryTimeout = durationpb.New(400 * time.Millisecond)
	probe := &tunev1.Recommendation{Knob: KnobPerTry, Verdict: Probe, To: "400ms"}
	j.guard(probe, &tunev1.Recommendation{Verdict: Insufficient})
	if probe.GetVerdict() != Insufficient || probe.GetTo() != "" || j.policy.GetPerTryTimeout() != nil {
		t.Errorf("probe without a limit on requests: %v, policy %v", probe, j.policy)
	}
}

func TestCappedIsSaid(t *testing.T) {
	in := collapse(1, 100)
	in.Healthy.Capped = true
	for _, r := range Judge(in).GetRecommendations() {
		found := false
		for _, e := range r.GetEvidence() {
			found = found || e.GetName() == "rows read, healthy"
		}
		if !found {
			t.Errorf("%s does not say that rows were left out", r.GetKnob())
		}
	}
}

// Rows cut at an old limit say nothing about the one in force by now.
func TestStaleRows(t *testing.T) {
	in := collapse(1, 100)
	in.Current.PerTryTimeout = durationpb.New(400 * time.Millisecond)
	retries := uint32(1)
	in.Current.Retries = &retries
	plan := Judge(in)
	if got := verdictOf(plan, KnobPerTry); got != Insufficient {
		t.Errorf("verdict %s, want INSUFFICIENT:\n%s", got, describe(plan))
	}
}

// randomInput makes rows that need not come from any real edge.
func randomInput(r *rand.Rand) Input {
	in := Input{
		Healthy:  randomRows(r),
		Stressed: randomRows(r),
		Deadline: []time.Duration{0, time.Millisecond, 80 * time.Millisecond, time.Second, 30 * time.Second}[r.IntN(5)],
		Outside:  Outside{time.Duration(r.Int64N(int64(2 * time.Second))), r.Uint64N(1000)},
	}
	if r.IntN(4) > 0 {
		in.Current = protoOf(randomPolicy(r))
	}
	return in
}

func randomPolicy(r *rand.Rand) policy {
	return policy{
		timeout:     time.Duration(r.IntN(3)) * time.Duration(r.Int64N(int64(2*time.Second))),
		perTry:      time.Duration(r.IntN(3)) * time.Duration(r.Int64N(int64(time.Second))),
		retries:     uint32(r.IntN(6)),
		budget:      float64(r.IntN(3) * r.IntN(40)),
		minRetries:  uint32(r.IntN(5)),
		maxRequests: uint32(r.IntN(3)) * uint32(r.IntN(100)),
	}
}

func randomRows(r *rand.Rand) Rows {
	span := time.Duration(r.IntN(20)) * time.Second
	rows := Rows{From: epoch, To: epoch.Add(span), Capped: r.IntN(5) == 0}
	scale := 1 + r.IntN(400_000)
	outcomes := len(record.OutcomeNames())
	usual := []record.Outcome{record.OutcomeOK, record.OutcomeTimeout, record.Outcome(r.IntN(outcomes))}
	for range r.IntN(1 + r.IntN(6000)) {
		t := Try{
			End:      epoch.Add(time.Duration(r.Int64N(int64(span) + 1))),
			Duration: uint32(r.IntN(scale)),
			Call:     r.Uint64N(2000),
			Number:   uint8(r.IntN(4)),
			Code:     []uint16{0, 200, 200, 503, 500}[r.IntN(5)],
			Outcome:  usual[r.IntN(len(usual))],
		}
		if t.Outcome == record.OutcomeTimeout {
			t.Code, t.Flags = 0, record.FlagUT
		}
		rows.Tries = append(rows.Tries, t)
	}
	rows.Requests = Requests{uint64(len(rows.Tries) / 2), uint64(len(rows.Tries)), r.Uint64N(20)}
	return rows
}

func TestRandomInputs(t *testing.T) {
	for seed := range uint64(150) {
		checkPlan(t, randomInput(rand.New(rand.NewPCG(seed, 1))))
	}
}

// checkPlan holds what is true of every plan.
func checkPlan(t *testing.T, in Input) {
	t.Helper()
	plan := Judge(in)
	var knobs []string
	for _, r := range plan.GetRecommendations() {
		knobs = append(knobs, r.GetKnob())
		checkRecommendation(t, r)
	}
	if diff := cmp.Diff([]string{KnobRetries, KnobRetryBudget, KnobTimeout, KnobMaxRequests, KnobPerTry}, knobs); diff != "" {
		t.Fatalf("knobs (-want +got):\n%s", diff)
	}
	checkBounds(t, in, plan)
	if t.Failed() {
		t.Fatalf("plan of %+v:\n%s", in.Current, describe(plan))
	}
}

func checkRecommendation(t *testing.T, r *tunev1.Recommendation) {
	t.Helper()
	switch r.GetVerdict() {
	case Recommend, Keep, Probe:
		if r.GetTo() == "" {
			t.Errorf("%s %s without a value", r.GetVerdict(), r.GetKnob())
		}
		if (r.GetFrom() == r.GetTo()) != (r.GetVerdict() == Keep) {
			t.Errorf("%s %s: %s -> %s", r.GetVerdict(), r.GetKnob(), r.GetFrom(), r.GetTo())
		}
	case Conflict, Insufficient:
		if r.GetTo() != "" {
			t.Errorf("%s %s with a value %s", r.GetVerdict(), r.GetKnob(), r.GetTo())
		}
	default:
		t.Errorf("%s: unknown verdict %q", r.GetKnob(), r.GetVerdict())
	}
	if r.GetReason() == "" {
		t.Errorf("%s %s without a reason", r.GetVerdict(), r.GetKnob())
	}
	for _, e := range r.GetEvidence() {
		if e.GetName() == "" || e.GetUnit() == "" || e.GetSource() == "" || e.GetValue() < 0 || e.GetValue() != e.GetValue() {
			t.Errorf("%s: evidence %v", r.GetKnob(), e)
		}
	}
}

// checkBounds holds the constraints between the values of a plan.
func checkBounds(t *testing.T, in Input, plan *tunev1.Plan) {
	t.Helper()
	p, current := plan.GetPolicy(), policyOf(in.Current)
	perTry, timeout := p.GetPerTryTimeout().AsDuration(), p.GetTimeout().AsDuration()
	retries := p.GetRetries()
	if p.Retries == nil {
		retries = current.retries
		if in.Current == nil {
			retries = 1
		}
	}
	if p.Timeout != nil && (timeout <= 0 || timeout >= in.Deadline) {
		t.Errorf("route timeout %v at a deadline of %v", timeout, in.Deadline)
	}
	if p.PerTryTimeout != nil && p.Timeout != nil && perTry > max(timeout/time.Duration(retries+1), time.Millisecond) {
		t.Errorf("%d tries of %v do not fit into %v", retries+1, perTry, timeout)
	}
	if p.Retries != nil && p.GetRetries() > maxRetries {
		t.Errorf("%d retries", p.GetRetries())
	}
	if b := p.GetRetryBudget(); b != nil && (b.GetPercent() <= 0 || b.GetPercent() > budgetPercent) {
		t.Errorf("budget %v", b)
	}
	if p.MaxRequests != nil && int(p.GetMaxRequests()) < sweep(in.Healthy).quantile(0.999) {
		t.Errorf("limit of %d requests below calm traffic", p.GetMaxRequests())
	}
	if verdictOf(plan, KnobPerTry) == Probe && (p.Timeout == nil || p.MaxRequests == nil) {
		t.Error("probe without its guards")
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	inputs := []Input{collapse(1, 100)}
	for range 20 {
		inputs = append(inputs, randomInput(r))
	}
	for _, in := range inputs {
		want := Judge(in)
		for _, tries := range [][]Try{in.Healthy.Tries, in.Stressed.Tries} {
			r.Shuffle(len(tries), func(i, j int) { tries[i], tries[j] = tries[j], tries[i] })
		}
		if diff := cmp.Diff(want, Judge(in), protocmp.Transform()); diff != "" {
			t.Fatalf("plan changed with the order of rows (-before +after):\n%s", diff)
		}
	}
}

func TestJudgeLeavesInputAlone(t *testing.T) {
	in := collapse(1, 100)
	tries, current := append([]Try(nil), in.Healthy.Tries...), protoOf(policyOf(in.Current))
	Judge(in).GetCurrent().Reset()
	if diff := cmp.Diff(tries, in.Healthy.Tries); diff != "" {
		t.Errorf("rows changed:\n%s", diff)
	}
	if diff := cmp.Diff(current, in.Current, protocmp.Transform()); diff != "" {
		t.Errorf("policy changed:\n%s", diff)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add(uint64(1), uint64(2), int64(time.Second), int64(0), uint32(3))
	f.Add(uint64(7), uint64(0), int64(-1), int64(1<<62), uint32(1<<32-1))
	f.Fuzz(func(t *testing.T, a, b uint64, deadline, perTry int64, retries uint32) {
		in := randomInput(rand.New(rand.NewPCG(a, b)))
		in.Deadline = time.Duration(deadline)
		if in.Current != nil {
			in.Current.PerTryTimeout = durationpb.New(time.Duration(perTry))
			in.Current.Retries = &retries
		}
		checkPlan(t, in)
	})
}
