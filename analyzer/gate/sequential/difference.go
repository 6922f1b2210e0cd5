package sequential

import "math"

// Difference compares the shares of two arms.
type Difference struct {
	canary, baseline mixture
	estimate         float64
}

// Compare returns the comparison canary − baseline.
func Compare(canary, baseline Arm) Difference {
	return Difference{
		canary: mixtureOf(canary), baseline: mixtureOf(baseline),
		estimate: canary.Share() - baseline.Share(),
	}
}

// Estimate is the difference of the shares that were counted.
func (c Difference) Estimate() float64 { return c.estimate }

// Evidence returns ln E(d), the evidence against a true difference of d: it
// exceeds ln(1/α) at any time with probability at most α if d is true. It is
// convex in d and least at Estimate.
func (c Difference) Evidence(d float64) float64 {
	if d < -1 || d > 1 {
		return math.Inf(1)
	}
	lo, hi := max(0, -d), min(1, 1-d)
	at := func(q float64) float64 { return c.canary.at(min(max(q+d, 0), 1)) + c.baseline.at(q) }
	return leastOf(at, lo, hi)
}

// steps of a search: 60 halvings of a unit interval reach the resolution of a
// float64, as 80 golden sections do.
const (
	halvings = 60
	sections = 80
)

// leastOf returns the least value of a convex function on [lo, hi], by golden
// sections. The ends are looked at as well, where the least may lie.
func leastOf(f func(float64) float64, lo, hi float64) float64 {
	const golden = 0.6180339887498949 // (√5 − 1) ÷ 2
	least := min(f(lo), f(hi))
	a, b := hi-golden*(hi-lo), lo+golden*(hi-lo)
	fa, fb := f(a), f(b)
	for range sections {
		if hi-lo < 1e-12 {
			break
		}
		if fa < fb {
			hi, b, fb = b, a, fa
			a = hi - golden*(hi-lo)
			fa = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + golden*(hi-lo)
			fb = f(b)
		}
	}
	return min(least, fa, fb)
}

// Lower returns a bound that the true difference is never below, at all times
// together, with probability at least 1 − alpha. It is rounded outwards.
func (c Difference) Lower(alpha float64) float64 { return c.bound(-1, alpha) }

// Upper is the bound on the other side.
func (c Difference) Upper(alpha float64) float64 { return c.bound(1, alpha) }

// bound searches between the estimate and the end of the scale at which E
// exceeds 1/alpha.
func (c Difference) bound(end, alpha float64) float64 {
	limit := -math.Log(alpha)
	if c.Evidence(end) < limit {
		return end
	}
	inside, outside := c.estimate, end
	for range halvings {
		middle := inside + (outside-inside)/2
		if c.Evidence(middle) < limit {
			inside = middle
		} else {
			outside = middle
		}
	}
	return outside
}
