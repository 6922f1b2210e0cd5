package verdict

import (
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/survival"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// minP99 and minP999 are the sample sizes whose largest value exceeds the
	// true p99 or p99.9 with 95 %: 1 − 0.99^299, 1 − 0.999^2995.
	minP99  = 299
	minP999 = 2995
	// headroom lies between the upper bound of the tail and the limit.
	headroom = 1.1
	// backoff is Envoy's base interval between tries; the k-th retry waits at
	// most 2^k − 1 times as long, ten times at the very most.
	backoff = 25 * time.Millisecond
)

// perTry judges the per-try timeout: above the tail of the answers, and so low
// that the planned tries fit into the route timeout. It returns the value that
// max_requests may count on.
func (j *judgement) perTry() *tunev1.Recommendation {
	r := &tunev1.Recommendation{Knob: KnobPerTry, From: j.current.from(limitText(j.current.perTry))}
	l := j.latency
	r.Evidence = j.curveEvidence()
	j.plan.perTry = j.current.perTry
	if l.tries < minP99 {
		return insufficient(r, fmt.Sprintf("The p99 of a try needs %d tries: %s are missing.", minP99, count(minP99-l.tries)))
	}
	p99 := l.curve.Quantile(0.99)
	if !p99.Identified {
		return j.unidentified(r)
	}
	tail, provisional := p99, true
	if p999 := l.curve.Quantile(0.999); l.curve.Events() >= minP999 && p999.Identified && p999.Bounded {
		tail, provisional = p999, false
	}
	r.Provisional = provisional
	if l.curve.Events() < minP99 {
		return insufficient(r, fmt.Sprintf("The p99 of a try needs %d uncut tries: %s are missing.", minP99, count(minP99-l.curve.Events())))
	}
	if !tail.Bounded {
		return insufficient(r, fmt.Sprintf("The p99 of %s tries is %s but has no upper bound yet, since cut tries hide its tail: more rows will bound it.",
			count(l.tries), span(micros(tail.Value))))
	}
	return j.settlePerTry(r, p99, tail)
}

// settlePerTry sets the limit from an identified tail. While only the p99 is
// known, a limit right above it could cut one try in a hundred, so a new one
// goes to the ceiling where there is one.
func (j *judgement) settlePerTry(r *tunev1.Recommendation, p99, tail survival.Quantile) *tunev1.Recommendation {
	upper := micros(tail.High)
	wanted := time.Duration(headroom * float64(upper))
	name := "p" + decimal(100*tail.P)
	r.Evidence = append(r.Evidence, evidence("upper bound of "+name, inMillis(upper), unitMillis, "log-log limit at 95 %%"))
	ceiling, hard := j.ceiling()
	if ceiling > 0 && upper > hard {
		r.Verdict, r.Provisional = Conflict, false
		r.Reason = fmt.Sprintf("The %s of a try may reach %s, and %s within the route timeout of %s must end within %s each.",
			name, span(upper), j.plan.triesText(), span(j.plan.timeout), span(hard))
		return r
	}
	if now := j.current.perTry; now > 0 && now >= wanted && (ceiling == 0 || now <= hard) {
		j.setPerTry(r, Keep, now)
		r.Reason = fmt.Sprintf("%s of %s tries is %s, at most %s: with a tenth added it stays within %s.",
			name, count(j.latency.tries), span(micros(tail.Value)), span(upper), span(now))
		return r
	}
	median := j.latency.curve.Quantile(0.5)
	floor := max(3*micros(median.Value), micros(p99.Value))
	to := roundUp(max(wanted, floor), step(wanted))
	if ceiling > 0 && (r.GetProvisional() || to > ceiling) {
		to = max(ceiling, upper)
	}
	verdict := Recommend
	if to == j.current.perTry {
		verdict = Keep
	}
	j.setPerTry(r, verdict, to)
	r.Reason = fmt.Sprintf("%s of %s tries is %s, at most %s; with a tenth added, and not below three medians (%s), that makes %s.",
		name, count(j.latency.tries), span(micros(tail.Value)), span(upper), span(3*micros(median.Value)), span(max(wanted, floor)))
	if to == ceiling {
		r.Reason += fmt.Sprintf(" The limit is %s, the most at which %s fit into %s.", span(to), j.plan.triesText(), span(j.plan.timeout))
	}
	return r
}

// unidentified answers when the rows do not hold the tail: a probe at the
// ceiling, if that is higher than where the tries were cut.
func (j *judgement) unidentified(r *tunev1.Recommendation) *tunev1.Recommendation {
	l := j.latency
	ceiling, hard := j.ceiling()
	hidden := fmt.Sprintf("%s of %s tries were cut%s; the curve ends at %s",
		percent(l.cutShare()), count(l.tries), j.cutAt(), percent(l.curve.End()))
	switch {
	case l.cut == 0:
		return insufficient(r, fmt.Sprintf("Too many of %s tries broke off before their answer; the curve ends at %s.", count(l.tries), percent(l.curve.End())))
	case j.policy.GetTimeout() == nil || ceiling == 0:
		return insufficient(r, hidden+"; a longer limit would show the tail, but without a judged route timeout none is safe.")
	case l.limit > 0 && l.limit >= ceiling:
		r.Verdict = Conflict
		r.Reason = fmt.Sprintf("%s, and %s within the route timeout of %s must end within %s each.",
			hidden, j.plan.triesText(), span(j.plan.timeout), span(hard))
		return r
	case j.current.perTry >= ceiling:
		return insufficient(r, fmt.Sprintf("%s, but %s are in force by now: judge from rows made since.", hidden, span(j.current.perTry)))
	}
	j.setPerTry(r, Probe, ceiling)
	r.Reason = fmt.Sprintf("%s, so the p99 is not known: a limit of %s, the most at which %s fit into %s, will show it.",
		hidden, span(ceiling), j.plan.triesText(), span(j.plan.timeout))
	return r
}

func (j *judgement) setPerTry(r *tunev1.Recommendation, verdict string, to time.Duration) {
	r.Verdict, r.To = verdict, limitText(to)
	j.plan.perTry = to
	j.policy.PerTryTimeout = durationpb.New(to)
}

// ceiling returns the longest per-try timeout with which all planned tries and
// the waits between them fit into the route timeout, (timeout − Σ backoff) /
// (1 + retries): rounded down to a value that people would write, and exact.
// Both are zero when there is no route timeout.
func (j *judgement) ceiling() (written, exact time.Duration) {
	if j.plan.timeout <= 0 {
		return 0, 0
	}
	var waits time.Duration
	for k := range min(j.plan.retries, 16) {
		waits += backoff * time.Duration(min(1<<(k+1)-1, 10))
	}
	exact = max((j.plan.timeout-waits)/time.Duration(j.plan.retries+1), time.Millisecond)
	grid := step(j.plan.timeout)
	if exact < 2*grid {
		grid = step(exact)
	}
	return max(exact/grid*grid, time.Millisecond), exact
}

func (j *judgement) cutAt() string {
	if j.latency.limit == 0 {
		return ""
	}
	return " at " + span(j.latency.limit)
}

func (j *judgement) curveEvidence() []*tunev1.Evidence {
	l := j.latency
	source := fmt.Sprintf("Kaplan-Meier over %s tries, %s cut", count(l.tries), count(l.cut))
	out := []*tunev1.Evidence{
		evidence("tries", float64(l.tries), unitTries, "healthy window"),
		evidence("cut tries", l.cutShare(), unitShare, "%s of %s%s", count(l.cut), count(l.tries), j.cutAt()),
		evidence("curve ends at", l.curve.End(), unitShare, "%s", source),
	}
	for _, p := range []float64{0.5, 0.99, 0.999} {
		if q := l.curve.Quantile(p); q.Identified {
			out = append(out, evidence("p"+decimal(100*p), inMillis(micros(q.Value)), unitMillis, "%s", source))
		}
	}
	if ceiling, _ := j.ceiling(); ceiling > 0 {
		out = append(out, evidence("ceiling", inMillis(ceiling), unitMillis, "(timeout - backoff) / (1 + retries)"))
	}
	return out
}
