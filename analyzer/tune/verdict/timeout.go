package verdict

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

const (
	// marginShare of the deadline is kept for what happens outside the edge.
	marginShare = 0.1
	// minTraces is from where on the measured time outside counts: the
	// largest of 299 exceeds the true p99 with 95 %.
	minTraces = minP99
	// maxTimedOut is the share of requests that a route timeout below the
	// deadline may end before it is too short.
	maxTimedOut = 0.001
)

// timeout judges the route timeout: the whole call must end while its caller
// can still answer the user.
func (j *judgement) timeout() *tunev1.Recommendation {
	r := &tunev1.Recommendation{Knob: KnobTimeout, From: j.current.from(limitText(j.current.timeout))}
	j.plan.timeout = j.current.timeout
	if j.in.Deadline <= 0 {
		return insufficient(r, "The route timeout follows from the time that the user waits, and no deadline is known: name one, or a latency bound in an SLO.")
	}
	margin, measured := j.margin()
	target := j.in.Deadline - margin
	r.Evidence = []*tunev1.Evidence{
		evidence("deadline", inMillis(j.in.Deadline), unitMillis, "request or SLO"),
		evidence("margin", inMillis(margin), unitMillis, "%s", measured),
	}
	if o := j.in.Outside; o.Traces > 0 {
		r.Evidence = append(r.Evidence, evidence("time outside this edge p99", inMillis(o.P99), unitMillis, "%s traces", count(o.Traces)))
	}
	if median := j.latency.curve.Quantile(0.5); median.Reached && target < micros(median.Value) || target <= 0 {
		r.Verdict = Conflict
		r.Reason = fmt.Sprintf("The deadline of %s less %s spent outside this edge leaves no time for its median of %s.",
			span(j.in.Deadline), span(margin), span(micros(median.Value)))
		return r
	}
	return j.settleTimeout(r, target, margin, measured)
}

func (j *judgement) settleTimeout(r *tunev1.Recommendation, target, margin time.Duration, measured string) *tunev1.Recommendation {
	requests := j.in.Healthy.Requests
	late := requests.Total > 0 && float64(requests.TimedOut) > maxTimedOut*float64(requests.Total)
	r.Verdict = Recommend
	if j.current.timeout > 0 && (j.current.timeout == target || j.current.timeout < target && !late) {
		target, r.Verdict = j.current.timeout, Keep
	}
	j.plan.timeout = target
	j.policy.Timeout = durationpb.New(target)
	r.To = limitText(target)
	r.Reason = fmt.Sprintf("The user waits %s at most, of which %s (%s) are kept for the rest of the request.",
		span(j.in.Deadline), span(margin), measured)
	return r
}

// margin returns what to keep of the deadline, rounded up, and its origin.
func (j *judgement) margin() (time.Duration, string) {
	grid := step(j.in.Deadline)
	margin, origin := time.Duration(marginShare*float64(j.in.Deadline)), "10 % of the deadline"
	if o := j.in.Outside; o.Traces >= minTraces && o.P99 > margin {
		margin, origin = o.P99, "p99 of the time outside this edge"
	}
	return max(roundUp(margin, grid), grid), origin
}
