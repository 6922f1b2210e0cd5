package verdict

import (
	"time"

	"google.golang.org/protobuf/proto"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

// Judge returns one recommendation a knob, and in the plan's policy the values
// of those knobs whose verdict gives one. Identity, windows and times of the
// plan are the caller's to fill in.
func Judge(in Input) *tunev1.Plan {
	j := newJudgement(in)
	retries := j.retries()
	budget := j.retryBudget()
	timeout := j.timeout()
	perTry := j.perTry()
	maxRequests := j.maxRequests()
	j.guard(perTry, maxRequests)
	all := []*tunev1.Recommendation{retries, budget, timeout, maxRequests, perTry}
	j.noRows(all)
	plan := &tunev1.Plan{
		Recommendations: all,
		Policy:          j.policy,
	}
	if in.Current != nil {
		plan.Current = proto.CloneOf(in.Current)
	}
	for _, r := range plan.GetRecommendations() {
		r.Evidence = append(r.GetEvidence(), j.capped()...)
	}
	return plan
}

// judgement is the state of one call of Judge: the figures that several knobs
// share, and the values planned so far.
type judgement struct {
	in                Input
	current           policy
	latency           latency // of the healthy window
	healthy, stressed tally

	policy *meshv1.TrafficPolicy
	plan   planned
}

// planned holds the values that later knobs build on: the verdict's, or the
// ones in force where there is none.
type planned struct {
	retries         uint32
	timeout, perTry time.Duration
}

// triesText writes the number of tries of a request, "2 tries".
func (p planned) triesText() string {
	if p.retries == 0 {
		return "1 try"
	}
	return count(p.retries+1) + " tries"
}

func newJudgement(in Input) *judgement {
	in.Healthy.Tries, in.Stressed.Tries = sortTries(in.Healthy.Tries), sortTries(in.Stressed.Tries)
	current := policyOf(in.Current)
	j := &judgement{
		in:       in,
		current:  current,
		latency:  latencyOf(in.Healthy.Tries, current.perTry),
		healthy:  tallyOf(in.Healthy.Tries),
		stressed: tallyOf(in.Stressed.Tries),
		policy:   &meshv1.TrafficPolicy{},
		plan:     planned{retries: current.retries},
	}
	if !current.known {
		j.plan.retries = 1
	}
	return j
}

// guard withdraws a probe whose harm nothing bounds: the limit on concurrent
// requests must be part of the same plan. (So must the retry budget, which
// always is, and the route timeout, without which there is no ceiling.)
func (j *judgement) guard(perTry, maxRequests *tunev1.Recommendation) {
	if perTry.GetVerdict() == Probe && !sets(maxRequests.GetVerdict()) {
		j.policy.PerTryTimeout = nil
		insufficient(perTry, "A longer limit would show the tail, but no limit on concurrent requests could be judged that bounds the harm.")
	}
}

// noRows withdraws everything where neither window holds a row: then nothing
// shows that the edge exists.
func (j *judgement) noRows(all []*tunev1.Recommendation) {
	if len(j.in.Healthy.Tries)+len(j.in.Stressed.Tries) > 0 {
		return
	}
	j.policy = &meshv1.TrafficPolicy{}
	for _, r := range all {
		insufficient(r, "There are no tries of this edge in these windows.")
	}
}

func insufficient(r *tunev1.Recommendation, reason string) *tunev1.Recommendation {
	r.Verdict, r.To, r.Reason, r.Provisional = Insufficient, "", reason, false
	return r
}

// capped says where reading stopped, if it did.
func (j *judgement) capped() []*tunev1.Evidence {
	var out []*tunev1.Evidence
	for _, w := range []struct {
		name string
		rows Rows
	}{{"healthy", j.in.Healthy}, {"stressed", j.in.Stressed}} {
		if w.rows.Capped {
			out = append(out, evidence("rows read, "+w.name, float64(len(w.rows.Tries)), unitTries,
				"more than can be read: the window ends at %s", w.rows.To.UTC().Format(time.RFC3339)))
		}
	}
	return out
}
