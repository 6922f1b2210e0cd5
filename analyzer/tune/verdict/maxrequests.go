package verdict

import (
	"fmt"
	"math"
	"strconv"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

const (
	// burstFactor leaves room above what was in flight in calm.
	burstFactor = 1.5
	// capacityFactor bounds what is in flight to the server's own concurrency
	// and as much again waiting.
	capacityFactor = 2
	// queueShare is the part of the per-try timeout that a try may spend in
	// the queue when the server is at its slowest.
	queueShare = 0.7
	// sameShare is how far a limit in force may lie from the computed one.
	sameShare = 0.25
)

// maxRequests judges the limit on concurrent requests of all callers together:
// as high as calm traffic needs, and so low that what waits at the server is
// answered before its caller leaves.
func (j *judgement) maxRequests() *tunev1.Recommendation {
	r := &tunev1.Recommendation{Knob: KnobMaxRequests, From: j.current.from(requestsText(j.current.maxRequests))}
	flight := sweep(j.in.Healthy)
	if j.latency.tries < minP99 || flight.total <= 0 {
		return insufficient(r, fmt.Sprintf("The concurrency in calm needs %d tries: %s are missing.", minP99, count(max(1, minP99-j.latency.tries))))
	}
	needed := max(1, flight.quantile(0.999))
	r.Evidence = append(r.Evidence, evidence("in flight p99.9", float64(needed), unitRequests,
		"sweep over the tries of all callers, %s", flight.total.Round(1e9)))
	limit, why := burstFactor*float64(needed), "half as much again as calm traffic needs"
	capacity := capacityOf(j.in.Stressed)
	r.Provisional = !capacity.seen()
	for _, b := range j.capacityBounds(capacity) {
		r.Evidence = append(r.Evidence, b.evidence...)
		if b.limit < limit {
			limit, why = b.limit, b.why
		}
	}
	if limit < float64(needed) {
		limit, why = float64(needed), "what calm traffic needs, although the server's capacity asks for less"
	}
	return j.settleMaxRequests(r, needed, int(math.Round(limit)), why)
}

func (j *judgement) settleMaxRequests(r *tunev1.Recommendation, needed, limit int, why string) *tunev1.Recommendation {
	to := uint32(min(max(limit, needed), unlimited-1))
	r.Verdict = Recommend
	now := float64(j.current.maxRequests)
	if now >= float64(needed) && math.Abs(now-float64(to)) <= sameShare*float64(to) {
		to, r.Verdict = j.current.maxRequests, Keep
	}
	j.policy.MaxRequests = &to
	r.To = requestsText(to)
	r.Reason = fmt.Sprintf("Calm traffic has %d in flight (p99.9), and %d is %s.", needed, limit, why)
	if r.GetVerdict() == Keep && int(to) != limit {
		r.Reason += fmt.Sprintf(" The limit in force, %d, is as good.", to)
	}
	if r.GetProvisional() {
		r.Reason += " The server was not seen at its capacity, which may ask for less."
	}
	return r
}

// bound is an upper bound of the limit with the figures behind it.
type bound struct {
	limit    float64
	why      string
	evidence []*tunev1.Evidence
}

// capacityBounds derives bounds from what the server completes at its limit.
// At the best stretch it works at the pace of calm, so its own concurrency is
// N* = X × mean time to first byte in calm (Little's law). At the worst it is
// at its slowest, and a queue longer than X × per-try timeout is never served
// in time.
func (j *judgement) capacityBounds(c capacity) []bound {
	if !c.seen() {
		return nil
	}
	curve := j.latency.curve
	mean := curve.RestrictedMean(curve.Longest()) / 1e6
	n := c.best * mean
	source := fmt.Sprintf("tries not rejected with 503 in %d s while the full queue rejects", c.seconds)
	bounds := []bound{{
		limit: capacityFactor * n,
		why:   fmt.Sprintf("twice the %s that the server works on at a time", decimal(n)),
		evidence: []*tunev1.Evidence{
			evidence("capacity, best stretch", c.best, unitPerSecond, "%s", source),
			evidence("mean time to first byte", 1e3*mean, unitMillis, "area under the Kaplan-Meier curve up to %s, where it ends", span(micros(curve.Longest()))),
			evidence("server concurrency N*", n, unitRequests, "capacity x mean time to first byte"),
		},
	}}
	if perTry := j.plan.perTry; perTry > 0 {
		bounds = append(bounds, bound{
			limit: queueShare * c.worst * perTry.Seconds(),
			why:   fmt.Sprintf("what the server at its slowest (%s/s) answers in 0.7 of a try of %s", decimal(c.worst), span(perTry)),
			evidence: []*tunev1.Evidence{
				evidence("capacity, worst stretch", c.worst, unitPerSecond, "%s", source),
			},
		})
	}
	return bounds
}

func requestsText(n uint32) string {
	if n == 0 {
		return "unlimited"
	}
	return strconv.FormatUint(uint64(n), 10)
}
