package gate

import (
	"fmt"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/gate/sequential"
	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Verdicts.
const (
	Pass      = "pass"
	Fail      = "fail"
	NotEnough = "not_enough"
	Skipped   = "skipped" // of a metric only
)

// metricsJudged is over how many metrics the probability of a false failure is
// divided. It is fixed, so that it does not depend on what was counted.
const metricsJudged = 3

// counted is all that was read for a question.
type counted struct {
	counts, slow    []row
	threshold       record.Bin
	thresholdSource string
	noThreshold     string // why latency is not judged
}

// judge makes the three metrics and the verdict of an answer, whose names and window
// are there already.
func judge(a *gatev1.CheckResponse, q question, c counted) {
	best := canonical(c.counts)
	speaks := func(r *row) bool { return best[pair{r.src, r.dst}] == r.vantage }
	arrived := func(r *row) bool { return r.vantage == server && best[pair{r.src, r.dst}] != server }

	all := tallyOf(c.counts, q.canary, q.baseline, speaks)
	a.Unattributed, a.OtherVersions = arm(all.unattributed), all.others
	errors := q.metric("errors", "requests", q.errorMargin, all)

	latency := &gatev1.Metric{Name: "latency", Verdict: Skipped, Reason: c.noThreshold, Unit: "requests", Margin: q.latencyMargin}
	if c.noThreshold == "" {
		latency = q.metric("latency", "requests", q.latencyMargin, tallyOf(c.slow, q.canary, q.baseline, speaks))
		latency.Threshold, latency.ThresholdSource = durationpb.New(upperEdge(c.threshold)), c.thresholdSource
	}

	arrivals := q.metric("arrival_errors", "attempts", q.errorMargin, tallyOf(c.counts, q.canary, q.baseline, arrived))
	if arrivals.Canary.Total == 0 || arrivals.Baseline.Total == 0 {
		arrivals.Verdict = Skipped
		arrivals.Reason = "no proxy of both versions reports arrivals beside the callers' proxies"
	}
	a.Metrics = []*gatev1.Metric{errors, latency, arrivals}
	a.Verdict, a.Reason = combine(a.Metrics)
	if a.Unattributed.Bad > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%d requests failed without a version (no host was chosen): they belong to neither side", a.Unattributed.Bad))
	}
}

// combine: one that fails decides, and all that are judged must pass.
func combine(metrics []*gatev1.Metric) (verdict, reason string) {
	var waiting, passed []string
	for _, m := range metrics {
		switch m.Verdict {
		case Fail:
			return Fail, m.Name + ": " + m.Reason
		case NotEnough:
			waiting = append(waiting, m.Name+": "+m.Reason)
		case Pass:
			passed = append(passed, m.Name)
		}
	}
	if len(waiting) > 0 {
		return NotEnough, strings.Join(waiting, "; ")
	}
	return Pass, "not worse in " + strings.Join(passed, ", ")
}

// metric runs the test over what was counted.
func (q question) metric(name, unit string, margin float64, t *tally) *gatev1.Metric {
	rule := sequential.Rule{Margin: margin, AlphaWorse: q.alpha / metricsJudged, AlphaNotWorse: q.alpha}
	test := t.run(rule)
	canary, baseline := test.Counts()
	m := &gatev1.Metric{
		Name: name, Unit: unit, Margin: margin, Canary: arm(canary), Baseline: arm(baseline),
		LowConfidence: 1 - rule.AlphaWorse, HighConfidence: 1 - rule.AlphaNotWorse,
		Formula: formula(rule, test), Evidence: t.proof(),
	}
	if canary.Total > 0 && baseline.Total > 0 {
		d := sequential.Compare(canary, baseline)
		m.Difference = &typesv1.Figure{Estimate: d.Estimate(), Low: d.Lower(rule.AlphaWorse), High: d.Upper(rule.AlphaNotWorse)}
	}
	m.Verdict = map[sequential.Decision]string{sequential.Worse: Fail, sequential.NotWorse: Pass, sequential.Undecided: NotEnough}[test.Decision()]
	m.Reason = q.reason(m)
	return m
}

// reason says in one sentence what the counts show.
func (q question) reason(m *gatev1.Metric) string {
	if missing := q.missing(m); missing != "" {
		return missing
	}
	sides := fmt.Sprintf("%s of %s and %s of %s are bad", shareText(m.Canary), q.canary, shareText(m.Baseline), q.baseline)
	margin := fmt.Sprintf("%s points", number(m.Margin*100))
	switch m.Verdict {
	case Fail:
		return sides + ", which shows a difference of more than " + margin
	case Pass:
		return sides + ", which shows a difference of less than " + margin
	}
	return sides + ", which leaves open whether the difference exceeds " + margin
}

// missing names the version that took no requests.
func (q question) missing(m *gatev1.Metric) string {
	switch {
	case m.Canary.Total == 0 && m.Baseline.Total == 0:
		return fmt.Sprintf("neither %s nor %s took requests", q.canary, q.baseline)
	case m.Canary.Total == 0:
		return q.canary + " took no requests"
	case m.Baseline.Total == 0:
		return q.baseline + " took no requests"
	}
	return ""
}

func shareText(a *gatev1.Arm) string {
	return fmt.Sprintf("%d of %d (%s %%)", a.Bad, a.Total, number(100*float64(a.Bad)/float64(a.Total)))
}

// number writes up to three significant digits, whole numbers in full.
func number(v float64) string { return fmt.Sprintf("%.3g", v) }

// formula writes the rule with its numbers. Evidence beyond 10^6 is cut.
func formula(r sequential.Rule, t *sequential.Test) string {
	worse, notWorse := t.Evidence()
	size := func(ln float64) string {
		if ln > math.Log(1e6) {
			return "> 10^6"
		}
		return "= " + number(math.Exp(ln))
	}
	return fmt.Sprintf("E(canary − baseline ≤ %s) %s: fails at ≥ %s; E(canary − baseline ≥ %s) %s: passes at ≥ %s; likelihood ratios of 10 s blocks against the closest point (Turner, Ly & Grünwald 2024)",
		number(r.Margin), size(worse), number(1/r.AlphaWorse), number(r.Margin), size(notWorse), number(1/r.AlphaNotWorse))
}

func arm(a sequential.Arm) *gatev1.Arm { return &gatev1.Arm{Bad: a.Bad, Total: a.Total} }

// finish tells whether the verdict is final and, if the window ended without one,
// says so.
func finish(a *gatev1.CheckResponse, watermark time.Time) {
	over := !watermark.Before(a.EndsAt.AsTime())
	a.Final = over || a.Verdict != NotEnough
	if over && a.Verdict == NotEnough {
		a.Reason = "the window is over without a decision: " + a.Reason
	}
}
