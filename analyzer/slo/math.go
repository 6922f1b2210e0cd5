package slo

import "math"

// Count holds the events of a window. Good never exceeds Total.
type Count struct {
	Good, Total uint64
}

// Bad returns the events that were not good.
func (c Count) Bad() uint64 { return c.Total - c.Good }

// Add returns the sum of two counts.
func (c Count) Add(d Count) Count { return Count{c.Good + d.Good, c.Total + d.Total} }

// SLI returns good ÷ total; false without events: undefined, not one.
func (c Count) SLI() (float64, bool) {
	if c.Total == 0 {
		return 0, false
	}
	return float64(c.Good) / float64(c.Total), true
}

// BurnRate returns the error ratio in units of the budget fraction beta; false
// without events. The highest possible rate is 1 ÷ beta.
func (c Count) BurnRate(beta float64) (float64, bool) {
	if c.Total == 0 {
		return 0, false
	}
	return float64(c.Bad()) / float64(c.Total) / beta, true
}

// Allowed returns the budget in events: beta × total.
func (c Count) Allowed(beta float64) float64 { return beta * float64(c.Total) }

// Remaining returns the share of the budget that is left, 1 − bad ÷ allowed: a
// signed figure of at most one; false without events.
func (c Count) Remaining(beta float64) (float64, bool) {
	rate, ok := c.BurnRate(beta)
	return 1 - rate, ok
}

// Exceeds tells whether the burn rate is above factor. It compares bad with
// factor × beta × total and takes them for equal when they differ by less than
// one part in 10¹², which is the rounding of decimal fractions and never that
// of a count.
func (c Count) Exceeds(factor, beta float64) bool {
	limit := factor * beta * float64(c.Total)
	return float64(c.Bad()) > limit*(1+1e-12)
}

// z95 is the two-sided 95 % quantile of the normal distribution.
const z95 = 1.959963984540054

// Wilson returns the Wilson score interval of the SLI at 95 % (E. B. Wilson,
// JASA 22, 1927); false without events.
func (c Count) Wilson() (low, high float64, ok bool) {
	p, ok := c.SLI()
	if !ok {
		return 0, 0, false
	}
	n := float64(c.Total)
	spread := 1 + z95*z95/n
	centre := (p + z95*z95/(2*n)) / spread
	half := z95 / spread * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n))
	return max(0, min(p, centre-half)), min(1, max(p, centre+half)), true
}
