package budget

import "github.com/plimsoll-mesh/plimsoll/analyzer/slo/stats"

// Count holds the events of a window. Good never exceeds Total.
type Count struct {
	Good, Total uint64
}

// Bad returns the events that were not good.
func (c Count) Bad() uint64 { return c.Total - c.Good }

// Add returns the sum of two counts.
func (c Count) Add(d Count) Count { return Count{c.Good + d.Good, c.Total + d.Total} }

// Sum adds up counts.
func Sum(list ...Count) (sum Count) {
	for _, c := range list {
		sum = sum.Add(c)
	}
	return sum
}

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

// Left returns the budget that is left in events: allowed − bad, signed.
func (c Count) Left(beta float64) float64 { return c.Allowed(beta) - float64(c.Bad()) }

// Remaining returns the share of the budget that is left, 1 − bad ÷ allowed: a
// signed figure of at most one; false without events.
func (c Count) Remaining(beta float64) (float64, bool) {
	rate, ok := c.BurnRate(beta)
	return 1 - rate, ok
}

// Share returns which part of the period's budget the window c spent: bad of
// the window ÷ allowed of the period; false if the period has no events. With
// flat traffic it is the burn rate × window ÷ period.
func (c Count) Share(beta float64, period Count) (float64, bool) {
	if period.Total == 0 {
		return 0, false
	}
	return float64(c.Bad()) / period.Allowed(beta), true
}

// Exceeds tells whether the burn rate is above factor. It compares bad with
// factor × beta × total and takes them for equal when they differ by less than
// one part in 10¹², which is the rounding of decimal fractions and never that
// of a count.
func (c Count) Exceeds(factor, beta float64) bool {
	limit := factor * beta * float64(c.Total)
	return float64(c.Bad()) > limit*(1+1e-12)
}

// Wilson returns the Wilson score interval of the SLI at 95 %; false without
// events. It is one of independent events: of requests, not of slices.
func (c Count) Wilson() (low, high float64, ok bool) { return stats.Wilson(c.Good, c.Total) }
