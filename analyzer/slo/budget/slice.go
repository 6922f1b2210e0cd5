package budget

import (
	"math"
	"math/bits"
)

// Method is a budgeting method of OpenSLO.
type Method string

// The methods.
const (
	Occurrences     Method = "Occurrences"     // every request is an event
	Timeslices      Method = "Timeslices"      // every slice is an event, good iff its ratio meets a target
	RatioTimeslices Method = "RatioTimeslices" // the mean of the slices' ratios
)

// Quiet says what a slice that was seen and had no traffic is. OpenSLO is silent
// about it.
type Quiet string

// The policies.
const (
	QuietGood Quiet = "good" // nothing went wrong
	QuietBad  Quiet = "bad"  // something should have come: a freshness SLO
	QuietSkip Quiet = "skip" // the slice does not count
)

// Scale is the number of units that one slice counts for in a RatioTimeslices
// count: its ratio in billionths, so that sums stay integers and the order in
// which they are taken does not matter.
const Scale = 1_000_000_000

// Slicing turns what happened in a slice of time into events.
type Slicing struct {
	Method Method
	Target float64 // of Timeslices: the least ratio of a good slice, in (0, 1]
	Quiet  Quiet   // "" is QuietGood
}

// Unit returns for how many units of a count one event stands: a slice of
// RatioTimeslices is Scale units, everything else one.
func (s Slicing) Unit() uint64 {
	if s.Method == RatioTimeslices {
		return Scale
	}
	return 1
}

// Slice returns the events of one slice with these requests. A slice that was
// not seen is no slice: leave it out.
func (s Slicing) Slice(c Count) Count {
	if s.Method == Occurrences || s.Method == "" {
		return c
	}
	unit := s.Unit()
	switch {
	case c.Total == 0 && s.Quiet == QuietSkip:
		return Count{}
	case c.Total == 0 && s.Quiet == QuietBad:
		return Count{0, unit}
	case c.Total == 0:
		return Count{unit, unit}
	case s.Method == RatioTimeslices:
		return Count{ratio(c), Scale}
	case float64(c.Good) >= s.Target*float64(c.Total)*(1-1e-12):
		return Count{1, 1}
	}
	return Count{0, 1}
}

// Slices returns the events of a stretch that is cut into slices of n buckets
// each; a rest that fills no slice is left out.
func (s Slicing) Slices(buckets []Count, n int) (sum Count) {
	for ; n > 0 && len(buckets) >= n; buckets = buckets[n:] {
		sum = sum.Add(s.Slice(Sum(buckets[:n]...)))
	}
	return sum
}

// ratio returns good ÷ total in billionths, rounded down, without overflow.
func ratio(c Count) uint64 {
	hi, lo := bits.Mul64(c.Good, Scale)
	q, _ := bits.Div64(hi, lo, c.Total) // hi < total, since good ≤ total and Scale < 2⁶⁴
	return q
}

// Beta returns the budget fraction 1 − target, rounded to the nine decimals
// that a target may have, so that 1 − 0.9 is 0.1.
func Beta(target float64) float64 { return math.Round((1-target)*1e9) / 1e9 }
