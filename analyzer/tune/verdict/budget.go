package verdict

import (
	"fmt"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

const (
	// budgetPercent bounds retries to a fifth of the active requests, the most
	// that leaves an overloaded server a way back.
	budgetPercent = 20
	// budgetMin lets retries through where traffic is so low that a fifth of
	// it is less than one request.
	budgetMin = 3
)

// retryBudget judges the brake on retries. It needs no rows: without one, a
// retry policy has no stop, whatever the rows say.
func (j *judgement) retryBudget() *tunev1.Recommendation {
	r := &tunev1.Recommendation{
		Knob: KnobRetryBudget,
		From: j.current.from(budgetText(j.current.budget)),
	}
	if j.stressed.tries > 0 {
		r.Evidence = append(r.Evidence, evidence("retries per try, stressed", ratio(j.stressed.retries, j.stressed.tries), unitShare,
			"%s of %s tries", count(j.stressed.retries), count(j.stressed.tries)))
	}
	budget := j.cappedBudget()
	r.Verdict = Recommend
	if j.current.budget > 0 && j.current.budget <= budgetPercent && j.current.minRetries <= 10*budgetMin {
		r.Verdict = Keep
		budget = &meshv1.RetryBudget{Percent: j.current.budget, MinConcurrency: j.current.minRetries}
	}
	r.Evidence = append(r.Evidence, evidence("worst tries per request with it", 1+budget.GetPercent()/100, unitNone, "1 + budget"))
	j.policy.RetryBudget = budget
	r.To = budgetText(budget.GetPercent())
	r.Reason = fmt.Sprintf("A budget of %s (at least %d at a time) bounds the load of retries in an overload to %s tries per request, whatever fails.",
		budgetText(budget.GetPercent()), budget.GetMinConcurrency(), decimal(1+budget.GetPercent()/100))
	return r
}

// cappedBudget returns the recommended budget, or of the one in force what is
// tighter: an advice to brake never loosens the brake.
func (j *judgement) cappedBudget() *meshv1.RetryBudget {
	budget := &meshv1.RetryBudget{Percent: budgetPercent, MinConcurrency: budgetMin}
	if j.current.budget > 0 {
		budget.Percent = min(j.current.budget, budgetPercent)
		budget.MinConcurrency = min(j.current.minRetries, budgetMin)
	}
	return budget
}

func budgetText(percent float64) string {
	if percent == 0 {
		return "none"
	}
	return decimal(percent) + "%"
}
