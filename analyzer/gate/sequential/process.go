package sequential

import "math"

// Decision is what the counts show.
type Decision int

// The decisions.
const (
	Undecided Decision = iota // both are still possible
	NotWorse                  // the canary's share exceeds the baseline's by less than the margin
	Worse                     // it exceeds it by more
)

// Rule is a non-inferiority test.
type Rule struct {
	// Margin is by how much the canary's share may exceed the baseline's, at
	// least 0 and below 1.
	Margin float64
	// AlphaWorse bounds the probability of ever deciding Worse while the
	// difference is at most Margin, AlphaNotWorse that of ever deciding NotWorse
	// while it is at least Margin.
	AlphaWorse, AlphaNotWorse float64
}

// Block is what was counted in one stretch of time.
type Block struct{ Canary, Baseline Arm }

// Test is a Rule at work. The zero value is not usable; see NewTest.
type Test struct {
	rule            Rule
	canary, base    Arm     // all blocks so far
	worse, notWorse float64 // ln E
	decision        Decision
}

// NewTest returns a test that has seen nothing.
func NewTest(r Rule) *Test { return &Test{rule: r} }

// Decision returns the first decision that was reached. It stays: later blocks
// do not take it back.
func (t *Test) Decision() Decision { return t.decision }

// Counts returns what was counted so far.
func (t *Test) Counts() (canary, baseline Arm) { return t.canary, t.base }

// Evidence returns ln E for "worse" and for "not worse".
func (t *Test) Evidence() (worse, notWorse float64) { return t.worse, t.notWorse }

// Add counts one more block.
func (t *Test) Add(b Block) {
	if b.Canary.Total > 0 && b.Baseline.Total > 0 {
		guess := t.guess()
		ratio := guess.against(t.rule.Margin, b)
		if guess.canary-guess.baseline > t.rule.Margin {
			t.worse += ratio
		} else {
			t.notWorse += ratio
		}
	}
	t.canary, t.base = t.canary.plus(b.Canary), t.base.plus(b.Baseline)
	if t.decision == Undecided {
		t.decision = t.decide()
	}
}

func (t *Test) decide() Decision {
	switch {
	case t.worse >= -math.Log(t.rule.AlphaWorse):
		return Worse
	case t.notWorse >= -math.Log(t.rule.AlphaNotWorse):
		return NotWorse
	}
	return Undecided
}

func (a Arm) plus(b Arm) Arm { return Arm{a.Bad + b.Bad, a.Total + b.Total} }

// shares is a point: the probability that an event is bad, by version.
type shares struct{ canary, baseline float64 }

// caution is how many events of both versions together each share is guessed
// from before it has any of its own. Every guess from the past is valid; this one
// does not take the first few events of a small canary at their word.
const caution = 8

// guess is what the counts so far say, drawn towards what they have in common.
func (t *Test) guess() shares {
	both := t.canary.plus(t.base)
	common := (float64(both.Bad) + 0.5) / (float64(both.Total) + 1)
	drawn := func(a Arm) float64 { return (float64(a.Bad) + caution*common) / (float64(a.Total) + caution) }
	return shares{drawn(t.canary), drawn(t.base)}
}

// against returns the logarithm of the likelihood of a block under s ÷ that
// under the closest point with a difference of d, for blocks with events of both.
func (s shares) against(d float64, b Block) float64 {
	closest := s.project(d, float64(b.Canary.Total), float64(b.Baseline.Total))
	return logRatio(b.Canary, s.canary, closest.canary) + logRatio(b.Baseline, s.baseline, closest.baseline)
}

func logRatio(a Arm, p, q float64) float64 {
	return xlogy(float64(a.Bad), p/q) + xlogy(float64(a.Total-min(a.Bad, a.Total)), (1-p)/(1-q))
}

// project minimises nc·KL(s.canary ‖ q + d) + nb·KL(s.baseline ‖ q) over q. Its
// derivative grows with q, so its zero is found by bisection.
func (s shares) project(d, nc, nb float64) shares {
	slope := func(p, q float64) float64 { return (q - p) / (q * (1 - q)) }
	lo, hi := max(0, -d), min(1, 1-d)
	for range halvings {
		q := lo + (hi-lo)/2
		if nc*slope(s.canary, q+d)+nb*slope(s.baseline, q) < 0 {
			lo = q
		} else {
			hi = q
		}
	}
	q := lo + (hi-lo)/2
	return shares{q + d, q}
}
