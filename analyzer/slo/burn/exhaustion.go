package burn

import (
	"math"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/stats"
)

// Projection is when a budget will be gone if the present goes on.
type Projection struct {
	// Naive is period ÷ burn rate, which knows nothing of what is spent already.
	Naive time.Duration
	// Aware counts what is spent, and what leaves a rolling window meanwhile.
	Aware time.Duration
	// Earliest and Latest are Aware at the ends of the 95 % interval of the error
	// ratio.
	Earliest, Latest time.Duration
}

// Never stands for a budget that is not used up at this rate: within the rest
// of a calendar period, or at all.
const Never = time.Duration(math.MaxInt64)

// Rolling is what the end of a rolling budget is projected from.
type Rolling struct {
	Beta    float64
	Bucket  time.Duration
	Buckets []budget.Count // of the whole period, oldest first
	Recent  int            // how many of the last buckets make up the present
}

// Project solves, bucket by bucket, for the smallest h at which
//
//	bad + b·h − leaving bad(h) ≥ β × (total + v·h − leaving total(h))
//
// where b and v are the events per bucket of the present. Its resolution is a
// bucket. Without events in the present everything is Never.
func (r Rolling) Project() Projection {
	recent := budget.Sum(r.Buckets[len(r.Buckets)-min(r.Recent, len(r.Buckets)):]...)
	rate, ok := recent.BurnRate(r.Beta)
	if !ok {
		return Projection{Never, Never, Never, Never}
	}
	v := float64(recent.Total) / float64(r.Recent)
	low, high, _ := stats.Jeffreys(recent.Bad(), recent.Total, 0.95)
	at := func(e float64) time.Duration { return r.end(e*v, v) }
	return Projection{
		Naive: over(float64(len(r.Buckets))*float64(r.Bucket), rate),
		Aware: at(float64(recent.Bad()) / float64(recent.Total)), Earliest: at(high), Latest: at(low),
	}
}

// end walks the buckets that leave the window. Once all of them have left, the
// window holds nothing but the present, and nothing changes any more.
func (r Rolling) end(b, v float64) time.Duration {
	sum := budget.Sum(r.Buckets...)
	bad, total := float64(sum.Bad()), float64(sum.Total)
	for h := 0; h <= len(r.Buckets); h++ {
		if bad >= r.Beta*total && bad > 0 {
			return time.Duration(h) * r.Bucket
		}
		if h < len(r.Buckets) {
			bad += b - float64(r.Buckets[h].Bad())
			total += v - float64(r.Buckets[h].Total)
		}
	}
	return Never
}

// CalendarRest is what the end of the budget of a calendar period is projected
// from.
type CalendarRest struct {
	Beta     float64
	Period   time.Duration
	Left     time.Duration // of the period
	SoFar    budget.Count
	Expected float64 // events of the whole period
	Recent   budget.Count
	Span     time.Duration // over which Recent was counted
}

// Project returns t = (β × expected − bad) ÷ bad rate, Never if the period ends
// first.
func (c CalendarRest) Project() Projection {
	rate, ok := c.Recent.BurnRate(c.Beta)
	if !ok || c.Span <= 0 {
		return Projection{Never, Never, Never, Never}
	}
	left := c.Beta*c.Expected - float64(c.SoFar.Bad())
	perSpan := float64(c.Recent.Total)
	at := func(e float64) time.Duration {
		if left <= 0 {
			return 0
		}
		if t := over(left*float64(c.Span), e*perSpan); t < c.Left {
			return t
		}
		return Never
	}
	low, high, _ := stats.Jeffreys(c.Recent.Bad(), c.Recent.Total, 0.95)
	return Projection{
		Naive: over(float64(c.Period), rate),
		Aware: at(float64(c.Recent.Bad()) / perSpan), Earliest: at(high), Latest: at(low),
	}
}

// over divides, and knows what is too far away.
func over(a, b float64) time.Duration {
	if b <= 0 || a/b >= float64(Never) {
		return Never
	}
	return time.Duration(a / b)
}
