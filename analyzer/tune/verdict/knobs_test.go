package verdict

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/survival"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

const ms = time.Millisecond

// steady returns the latency of n answers, evenly spread between lo and hi,
// and of cut tries at a limit.
func steady(n int, lo, hi time.Duration, cut int, limit time.Duration) latency {
	var obs []survival.Observation
	for i := range n {
		at := lo + time.Duration(i)*(hi-lo)/time.Duration(max(n-1, 1))
		obs = append(obs, survival.Observation{Micros: asMicros(at), Event: true})
	}
	for range cut {
		obs = append(obs, survival.Observation{Micros: asMicros(limit)})
	}
	l := latency{curve: survival.Estimate(obs), tries: len(obs), cut: cut}
	if cut > 0 {
		l.limit = limit
	}
	return l
}

// expect compares a recommendation with "VERDICT from -> to" and a part of its
// reason.
func expect(t *testing.T, name string, r *tunev1.Recommendation, want, reason string) {
	t.Helper()
	got := r.GetVerdict() + " " + r.GetFrom() + " -> " + r.GetTo()
	if r.GetProvisional() {
		got += " provisional"
	}
	if got != want || !strings.Contains(r.GetReason(), reason) {
		t.Errorf("%s: %s (%s), want %s (%s)", name, got, r.GetReason(), want, reason)
	}
}

func TestRetries(t *testing.T) {
	known := func(retries uint32) policy { return policy{known: true, retries: retries} }
	calm := tally{tries: 1000, good: 950, retries: 60, rescued: 57}
	hopeless := tally{tries: 4000, good: 10, retries: 3000, rescued: 3}
	for _, c := range []struct {
		name          string
		current       policy
		calm, stress  tally
		want, because string
	}{
		{"no rescue", known(3), calm, hopeless, "RECOMMEND 3 -> 1", "Under stress 0.1 % of 3,000 retries succeeded (calm: 95 %)"},
		{"no rescue, one in force", known(1), calm, hopeless, "KEEP 1 -> 1", ""},
		{"no rescue, none in force", known(0), calm, hopeless, "KEEP 0 -> 0", ""},
		{"no rescue, not known", policy{}, calm, hopeless, "RECOMMEND unknown -> 1", ""},
		{"exactly half", known(3), calm, tally{tries: 400, retries: 200, rescued: 95}, "RECOMMEND 3 -> 1", ""},
		{"just above half", known(3), calm, tally{tries: 400, retries: 200, rescued: 96}, "RECOMMEND 3 -> 2", "up to 2"},
		{"rescue, two in force", known(2), calm, tally{tries: 400, retries: 200, rescued: 150}, "KEEP 2 -> 2", ""},
		{"few retries in calm", known(3), tally{tries: 1000, good: 1000, retries: 29, rescued: 0}, hopeless, "RECOMMEND 3 -> 1", "calm: 100 %"},
		{"29 under stress", known(3), calm, tally{tries: 58, retries: 29}, "INSUFFICIENT 3 -> ", "1 are missing"},
		{"30 under stress", known(3), calm, tally{tries: 60, retries: 30}, "RECOMMEND 3 -> 1", ""},
	} {
		j := &judgement{current: c.current, healthy: c.calm, stressed: c.stress, policy: &meshv1.TrafficPolicy{}}
		expect(t, c.name, j.retries(), c.want, c.because)
	}
}

// TestRetriesWithoutCalm: what nobody measured in calm never loosens anything;
// only harm that stress shows by itself is acted upon.
func TestRetriesWithoutCalm(t *testing.T) {
	harmful := tally{tries: 4000, retries: 3000, rescued: 149} // just below 5 %
	for _, c := range []struct {
		name          string
		calm, stress  tally
		attempts      uint64 // for 1,000 requests under stress
		want, because string
	}{
		{"no calm, harm", tally{}, harmful, 4000, "RECOMMEND 3 -> 1", "whatever calm would show"},
		{"no calm, few tries a request", tally{}, harmful, 1499, "INSUFFICIENT 3 -> ", "nothing to hold that against"},
		{"no calm, some rescue", tally{}, tally{tries: 4000, retries: 3000, rescued: 150}, 4000, "INSUFFICIENT 3 -> ", ""},
		{"298 tries in calm", tally{tries: 298, good: 298}, harmful, 1000, "INSUFFICIENT 3 -> ", ""},
		{"299 tries in calm", tally{tries: 299, good: 299}, harmful, 1000, "RECOMMEND 3 -> 1", "calm: 100 %"},
		{"calm fails, too", tally{tries: 1000, retries: 500, rescued: 0}, tally{tries: 489, retries: 489, rescued: 1}, 4000, "RECOMMEND 3 -> 1", "(calm: 0 %)"},
		{"calm fails half the time", tally{tries: 1000, retries: 500, rescued: 249}, tally{tries: 400, retries: 200, rescued: 200}, 4000, "RECOMMEND 3 -> 1", ""},
	} {
		j := &judgement{
			current: policy{known: true, retries: 3}, healthy: c.calm, stressed: c.stress, policy: &meshv1.TrafficPolicy{},
			in: Input{Stressed: Rows{Requests: Requests{Total: 1000, Attempts: c.attempts}}},
		}
		expect(t, c.name, j.retries(), c.want, c.because)
	}
}

func TestRetryBudget(t *testing.T) {
	for _, c := range []struct {
		name    string
		current policy
		want    string
	}{
		{"none", policy{known: true}, "RECOMMEND none -> 20%"},
		{"not known", policy{}, "RECOMMEND unknown -> 20%"},
		{"too large", policy{known: true, budget: 100}, "RECOMMEND 100% -> 20%"},
		{"right", policy{known: true, budget: 20, minRetries: 3}, "KEEP 20% -> 20%"},
		{"smaller", policy{known: true, budget: 12.5, minRetries: 3}, "KEEP 12.5% -> 12.5%"},
		{"no number", policy{known: true, budget: math.NaN()}, "RECOMMEND NaN% -> 20%"},
	} {
		j := &judgement{current: c.current, policy: &meshv1.TrafficPolicy{}}
		expect(t, c.name, j.retryBudget(), c.want, "bounds the load")
	}
	// A budget in force is never loosened, in neither part.
	for _, c := range []struct {
		percent  float64
		min      uint32
		want     float64
		wantsMin uint32
	}{
		{17, 40, 17, budgetMin},
		{60, 1, budgetPercent, 1},
		{60, 40, budgetPercent, budgetMin},
	} {
		j := &judgement{current: policy{known: true, budget: c.percent, minRetries: c.min}, policy: &meshv1.TrafficPolicy{}}
		j.retryBudget()
		if b := j.policy.GetRetryBudget(); b.GetPercent() != c.want || b.GetMinConcurrency() != c.wantsMin {
			t.Errorf("%v %% and %d in force: %v", c.percent, c.min, b)
		}
	}
	// A minimum so high that it is the budget is not kept.
	j := &judgement{current: policy{known: true, budget: 20, minRetries: 1000}, policy: &meshv1.TrafficPolicy{}}
	if r := j.retryBudget(); r.GetVerdict() != Recommend || j.policy.GetRetryBudget().GetMinConcurrency() != budgetMin {
		t.Errorf("minimum of 1000: %v, want it recommended anew", r)
	}
}

func TestTimeout(t *testing.T) {
	second := time.Second
	for _, c := range []struct {
		name     string
		deadline time.Duration
		current  time.Duration
		outside  Outside
		timedOut uint64 // of 10,000
		want     string
		because  string
	}{
		{"off", second, 0, Outside{}, 0, "RECOMMEND off -> 900ms", "100 ms (10 % of the deadline)"},
		{"too long", second, 15 * second, Outside{}, 0, "RECOMMEND 15s -> 900ms", ""},
		{"in force", second, 900 * ms, Outside{}, 500, "KEEP 900ms -> 900ms", ""},
		{"shorter and enough", second, 600 * ms, Outside{}, 10, "KEEP 600ms -> 600ms", ""},
		{"shorter and cutting", second, 600 * ms, Outside{}, 11, "RECOMMEND 600ms -> 900ms", ""},
		{"much outside", second, 0, Outside{301 * ms, 299}, 0, "RECOMMEND off -> 650ms", "350 ms (p99 of the time outside this edge)"},
		{"much outside, too few traces", second, 0, Outside{301 * ms, 298}, 0, "RECOMMEND off -> 900ms", ""},
		{"little outside", second, 0, Outside{20 * ms, 5000}, 0, "RECOMMEND off -> 900ms", "10 %"},
		{"short deadline", 200 * ms, 0, Outside{}, 0, "RECOMMEND off -> 180ms", ""},
		{"all outside", second, 0, Outside{990 * ms, 5000}, 0, "CONFLICT off -> ", "less 1 s spent outside"},
		{"median above", 40 * ms, 0, Outside{}, 0, "CONFLICT off -> ", "its median of 50 ms"},
		{"no deadline", 0, second, Outside{}, 0, "INSUFFICIENT 1s -> ", "no deadline is known"},
		{"negative deadline", -second, second, Outside{}, 0, "INSUFFICIENT 1s -> ", ""},
	} {
		j := &judgement{
			in:      Input{Deadline: c.deadline, Outside: c.outside, Healthy: Rows{Requests: Requests{Total: 10_000, TimedOut: c.timedOut}}},
			current: policy{known: true, timeout: c.current},
			latency: steady(1001, 0, 100*ms, 0, 0),
			policy:  &meshv1.TrafficPolicy{},
		}
		expect(t, c.name, j.timeout(), c.want, c.because)
	}
}

func TestPerTry(t *testing.T) {
	for _, c := range []struct {
		name          string
		latency       latency
		current       time.Duration
		timeout       time.Duration // planned, with one retry
		want, because string
	}{
		{"few tries", steady(200, 0, 100*ms, 98, 100*ms), 100 * ms, 900 * ms, "INSUFFICIENT 100ms -> ", "1 are missing"},
		{"all cut", steady(0, 0, 0, 5000, 100*ms), 100 * ms, 900 * ms, "PROBE 100ms -> 400ms", "100 % of 5,000 tries were cut at 100 ms; the curve ends at 0 %"},
		{"tail cut", steady(1515, 20*ms, 99*ms, 135, 100*ms), 100 * ms, 900 * ms, "PROBE 100ms -> 400ms", "8.2 % of 1,650 tries were cut at 100 ms; the curve ends at 91.8 %"},
		{"tail cut, no route timeout", steady(1515, 20*ms, 99*ms, 135, 100*ms), 100 * ms, 0, "INSUFFICIENT 100ms -> ", "none is safe"},
		{"tail cut at the ceiling", steady(1515, 20*ms, 390*ms, 135, 400*ms), 400 * ms, 900 * ms, "CONFLICT 400ms -> ", "must end within 438 ms each"},
		{"tail cut at an old limit", steady(1515, 20*ms, 99*ms, 135, 100*ms), 400 * ms, 900 * ms, "INSUFFICIENT 400ms -> ", "400 ms are in force by now"},
		{"p99 within", steady(1266, 10*ms, 200*ms, 0, 0), 400 * ms, 900 * ms, "KEEP 400ms -> 400ms provisional", "p99 of 1,266 tries"},
		{"p99.9 within", steady(3000, 10*ms, 300*ms, 0, 0), 400 * ms, 900 * ms, "KEEP 400ms -> 400ms", "p99.9 of 3,000 tries"},
		{"one try short of the p99.9", steady(2994, 10*ms, 300*ms, 0, 0), 400 * ms, 900 * ms, "KEEP 400ms -> 400ms provisional", ""},
		{"too short", steady(3000, 10*ms, 180*ms, 0, 0), 100 * ms, 900 * ms, "RECOMMEND 100ms -> 290ms", "not below three medians (285 ms)"},
		{"off", steady(3000, 10*ms, 100*ms, 0, 0), 0, 900 * ms, "RECOMMEND off -> 170ms", ""},
		{"only the p99 known: to the ceiling", steady(1000, 10*ms, 100*ms, 0, 0), 0, 900 * ms, "RECOMMEND off -> 400ms provisional", "The limit is 400 ms, the most"},
		{"no ceiling", steady(1000, 10*ms, 100*ms, 0, 0), 0, 0, "RECOMMEND off -> 170ms provisional", ""},
		{"above the ceiling", steady(3000, 10*ms, 300*ms, 0, 0), 800 * ms, 900 * ms, "RECOMMEND 800ms -> 400ms", ""},
		{"between the written ceiling and the exact one", steady(3000, 10*ms, 300*ms, 0, 0), 430 * ms, 900 * ms, "KEEP 430ms -> 430ms", ""},
		{"no room for the tail", steady(3000, 10*ms, 500*ms, 0, 0), 400 * ms, 900 * ms, "CONFLICT 400ms -> ", "The p99.9 of a try may reach 500 ms, and 2 tries within the route timeout of 900 ms must end within 438 ms each"},
		{"headroom ends at the ceiling", steady(3000, 10*ms, 390*ms, 0, 0), 400 * ms, 900 * ms, "KEEP 400ms -> 400ms", ""},
	} {
		j := &judgement{
			current: policy{known: true, perTry: c.current},
			latency: c.latency,
			policy:  &meshv1.TrafficPolicy{},
			plan:    planned{retries: 1, timeout: c.timeout},
		}
		j.policy.Timeout = protoOf(policy{timeout: c.timeout}).Timeout
		expect(t, c.name, j.perTry(), c.want, c.because)
	}
}

// flat makes rows with a constant number of tries in flight for ten seconds.
func flat(level int) Rows {
	r := Rows{From: epoch, To: epoch.Add(10 * time.Second)}
	for at := time.Duration(0); at < 10*time.Second; at += 100 * ms {
		for range level {
			r.Tries = append(r.Tries, tryOver(at, at+100*ms))
		}
	}
	return r
}

// overload makes rows of a full queue that lets so many tries a second through.
func overload(completes ...int) Rows {
	r := Rows{From: epoch, To: epoch.Add(time.Duration(len(completes)) * time.Second)}
	for i, n := range completes {
		at := epoch.Add(time.Duration(i)*time.Second + 500*ms)
		for k := range n + 100 {
			t := Try{End: at, Outcome: record.OutcomeTimeout, Flags: record.FlagUT}
			if k >= n {
				t = Try{End: at, Code: 503, Outcome: record.OutcomeServerError}
			}
			r.Tries = append(r.Tries, t)
		}
	}
	return r
}

func TestMaxRequests(t *testing.T) {
	slowThenFast := overload(75, 75, 75, 75, 75, 200, 200, 200, 200, 200)
	for _, c := range []struct {
		name          string
		calm          int
		stressed      Rows
		mean          time.Duration // time to first byte
		perTry        time.Duration
		current       uint32
		want, because string
	}{
		{"calm alone", 10, Rows{}, 50 * ms, 0, 0, "RECOMMEND unlimited -> 15 provisional", "half as much again"},
		{"calm binds", 10, slowThenFast, 50 * ms, 400 * ms, 0, "RECOMMEND unlimited -> 15", "half as much again"},
		{"twice the server's concurrency binds", 16, slowThenFast, 50 * ms, 400 * ms, 0, "RECOMMEND unlimited -> 20", "twice the 10 that the server works on"},
		{"the slow queue binds", 16, slowThenFast, 100 * ms, 350 * ms, 0, "RECOMMEND unlimited -> 18", "at its slowest (75/s) answers in 0.7 of a try of 350 ms"},
		{"never below calm", 16, slowThenFast, 20 * ms, 400 * ms, 0, "RECOMMEND unlimited -> 16", "capacity asks for less"},
		{"as good", 10, slowThenFast, 50 * ms, 400 * ms, 18, "KEEP 18 -> 18", "The limit in force, 18, is as good"},
		{"too high", 10, slowThenFast, 50 * ms, 400 * ms, 19, "RECOMMEND 19 -> 15", ""},
		{"near, but below calm", 14, slowThenFast, 35 * ms, 400 * ms, 13, "RECOMMEND 13 -> 14", ""},
	} {
		j := &judgement{
			in:      Input{Healthy: flat(c.calm), Stressed: c.stressed},
			current: policy{known: true, maxRequests: c.current},
			latency: steady(1001, c.mean, c.mean, 0, 0),
			policy:  &meshv1.TrafficPolicy{},
			plan:    planned{perTry: c.perTry},
		}
		expect(t, c.name, j.maxRequests(), c.want, c.because)
	}
	j := &judgement{latency: steady(298, ms, ms, 0, 0), policy: &meshv1.TrafficPolicy{}}
	expect(t, "few tries", j.maxRequests(), "INSUFFICIENT unknown -> ", "1 are missing")
}

func TestUnset(t *testing.T) {
	full := func() *meshv1.TrafficPolicy {
		p := protoOf(policy{timeout: ms, perTry: ms, retries: 1, budget: 20, maxRequests: 3})
		return p
	}
	for _, knob := range []string{KnobRetries, KnobRetryBudget, KnobTimeout, KnobMaxRequests, KnobPerTry} {
		p := full()
		Unset(p, knob)
		before, after := 0, 0
		for _, q := range []*meshv1.TrafficPolicy{full(), p} {
			n := 0
			for _, set := range []bool{q.Retries != nil, q.RetryBudget != nil, q.Timeout != nil, q.MaxRequests != nil, q.PerTryTimeout != nil} {
				n += one(set)
			}
			before, after = after, n
		}
		if before != 5 || after != 4 {
			t.Errorf("%s: %d of %d values left, want all but one", knob, after, before)
		}
	}
}
