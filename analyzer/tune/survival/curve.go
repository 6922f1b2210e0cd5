package survival

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// z is the 97.5 % quantile of the standard normal distribution.
const z = 1.959963984540054

// Observation is one duration in microseconds. Event tells whether it ended by
// itself; otherwise it was cut, and the true duration is longer.
type Observation struct {
	Micros uint32
	Event  bool
}

// Curve is a survival function S(t) = P(duration > t), a step function that
// falls at events only. The zero Curve holds nothing.
type Curve struct {
	steps  []step
	n      int
	events int
	last   uint32 // longest observation, cut or not
}

// step is one fall of the curve: from micros on (inclusive) it has the given
// height.
type step struct {
	micros   uint32
	atRisk   int     // observations that reached micros
	before   float64 // height up to micros
	survival float64 // S(micros)
	sum      float64 // Greenwood's sum Σ d / (n (n − d)) up to here
}

// Estimate builds the curve. The order of the observations does not matter; a
// cut at the same microsecond as an event counts as longer than the event.
func Estimate(obs []Observation) *Curve {
	sorted := slices.Clone(obs)
	slices.SortFunc(sorted, func(a, b Observation) int { return cmp.Compare(a.Micros, b.Micros) })
	c := &Curve{n: len(sorted)}
	survival, sum := 1.0, 0.0
	for i := 0; i < len(sorted); {
		at, same, events := sorted[i].Micros, 0, 0
		for ; i+same < len(sorted) && sorted[i+same].Micros == at; same++ {
			if sorted[i+same].Event {
				events++
			}
		}
		if atRisk := len(sorted) - i; events > 0 {
			before := survival
			survival *= float64(atRisk-events) / float64(atRisk)
			if atRisk > events {
				sum += float64(events) / (float64(atRisk) * float64(atRisk-events))
			}
			c.steps = append(c.steps, step{micros: at, atRisk: atRisk, before: before, survival: survival, sum: sum})
		}
		c.events += events
		c.last = at
		i += same
	}
	return c
}

// N returns the number of observations.
func (c *Curve) N() int { return c.n }

// Events returns the number of observations that were not cut.
func (c *Curve) Events() int { return c.events }

// Longest returns the longest observation in microseconds, cut or not.
func (c *Curve) Longest() uint32 { return c.last }

// End returns the share of the distribution up to which the curve may be
// quoted: quantiles beyond it are not identified.
func (c *Curve) End() float64 {
	end := 0.0
	for _, s := range c.steps {
		if !s.identified(c.n) {
			break
		}
		end = 1 - s.survival
	}
	return end
}

// At returns S(micros) with its confidence limits.
func (c *Curve) At(micros uint32) (survival, low, high float64) {
	i := sort.Search(len(c.steps), func(i int) bool { return c.steps[i].micros > micros })
	if i == 0 {
		return 1, 1, 1
	}
	s := c.steps[i-1]
	low, high = s.limits()
	return s.survival, low, high
}

// Variance returns Greenwood's estimate of the variance of S(micros).
func (c *Curve) Variance(micros uint32) float64 {
	i := sort.Search(len(c.steps), func(i int) bool { return c.steps[i].micros > micros })
	if i == 0 {
		return 0
	}
	s := c.steps[i-1]
	return s.survival * s.survival * s.sum
}

// limits returns the log-log confidence limits of the step's height,
// S^exp(±z·√sum/|ln S|). They do not exist at S = 0, where both are zero.
func (s step) limits() (low, high float64) {
	if s.survival <= 0 {
		return 0, 0
	}
	width := math.Exp(z * math.Sqrt(s.sum) / -math.Log(s.survival))
	return math.Pow(s.survival, width), math.Pow(s.survival, 1/width)
}

// RestrictedMean returns the mean of min(duration, limit) in microseconds: the
// area under the curve up to limit, which is cut at the longest observation
// since nothing is known beyond it.
func (c *Curve) RestrictedMean(limit uint32) float64 {
	limit = min(limit, c.last)
	area, from, height := 0.0, uint32(0), 1.0
	for _, s := range c.steps {
		if s.micros >= limit {
			break
		}
		area += height * float64(s.micros-from)
		from, height = s.micros, s.survival
	}
	return area + height*float64(limit-from)
}
