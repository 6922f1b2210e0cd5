package verdict

import (
	"fmt"
	"strconv"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

const (
	// minRetryRows is how many retries must be seen under stress.
	minRetryRows = 30
	// maxRetries bounds the worst-case amplification of one layer to 3, which
	// is what a whole path should stay within.
	maxRetries = 2
	// rescueShare: retries are worth their load in an overload while they
	// succeed more than half as often as in calm.
	rescueShare = 0.5
	// calmSuccess is what calm must at least show to be a measure: where half of
	// all tries fail, nothing is calm.
	calmSuccess = 0.5
	// Tries per request and share of successful retries at which stress alone
	// shows that retries do harm.
	harmAmplification, harmRescue = 1.5, 0.05
)

// retries judges how often a try is repeated, by whether repeating rescues
// anything when the server is overloaded.
func (j *judgement) retries() *tunev1.Recommendation {
	calm, source := j.calmRescue()
	stressed := j.stressed.rescue()
	r := &tunev1.Recommendation{
		Knob: KnobRetries,
		From: j.current.from(strconv.FormatUint(uint64(j.current.retries), 10)),
		Evidence: []*tunev1.Evidence{
			evidence("tries per request, healthy", j.in.Healthy.Requests.amplification(), unitNone,
				"%s requests", count(j.in.Healthy.Requests.Total)),
			evidence("successful retries, healthy", calm, unitShare, "%s", source),
		},
	}
	if total := j.in.Stressed.Requests.Total; total > 0 {
		r.Evidence = append(r.Evidence,
			evidence("tries per request, stressed", j.in.Stressed.Requests.amplification(), unitNone, "%s requests", count(total)),
			evidence("successful retries, stressed", stressed, unitShare, "%s retries", count(j.stressed.retries)))
	}
	if j.stressed.retries < minRetryRows {
		return insufficient(r, fmt.Sprintf("Whether retries help in an overload needs %d retries under stress: %d are missing.",
			minRetryRows, minRetryRows-j.stressed.retries))
	}
	amplification := j.in.Stressed.Requests.amplification()
	seen := fmt.Sprintf("Under stress %s of %s retries succeeded", percent(stressed), count(j.stressed.retries))
	switch harm := amplification >= harmAmplification && stressed < harmRescue; {
	case !j.calmKnown() && !harm:
		return insufficient(r, fmt.Sprintf("%s, but without %d tries in calm there is nothing to hold that against.", seen, minP99))
	case !j.calmKnown():
		r.Reason = fmt.Sprintf("%s at %s tries per request: more than 1 a request adds load and rescues little, whatever calm would show.", seen, decimal(amplification))
		return j.settleRetries(r, 1)
	}
	limit, so := uint32(1), "more than 1 a request adds load and rescues little."
	if calm >= calmSuccess && stressed > rescueShare*calm {
		limit, so = maxRetries, "up to 2 a request are worth their load."
	}
	r.Reason = fmt.Sprintf("%s (calm: %s) at %s tries per request: %s", seen, percent(calm), decimal(amplification), so)
	return j.settleRetries(r, limit)
}

// calmKnown tells whether calm holds enough tries to measure success by.
func (j *judgement) calmKnown() bool {
	return j.healthy.retries >= minRetryRows || j.healthy.tries >= minP99
}

func (j *judgement) settleRetries(r *tunev1.Recommendation, limit uint32) *tunev1.Recommendation {
	to := limit
	r.Verdict = Recommend
	if j.current.known && j.current.retries <= limit {
		to, r.Verdict = j.current.retries, Keep
	}
	j.plan.retries = to
	j.policy.Retries = &to
	r.To = strconv.FormatUint(uint64(to), 10)
	return r
}

// calmRescue returns how often a retry succeeds in calm; where too few were
// needed, how often any try does.
func (j *judgement) calmRescue() (float64, string) {
	if j.healthy.retries >= minRetryRows {
		return j.healthy.rescue(), count(j.healthy.retries) + " retries"
	}
	return j.healthy.success(), fmt.Sprintf("all %s tries, of which %s were retries",
		count(j.healthy.tries), count(j.healthy.retries))
}
