package load

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Result is how a request ended for its user.
type Result uint8

// The results.
const (
	Good   Result = iota // 200 within the deadline
	Late                 // no answer, or 200, after the deadline
	Failed               // another status, or a broken connection
)

// Sample is one finished request.
type Sample struct {
	At        time.Duration // scheduled, from the start of the run
	Scheduled time.Duration // from the scheduled time to the end
	Sent      time.Duration // from the sending to the end
	Target    int
	Status    int // 0: no answer
	Result    Result
}

// Counts sums up requests by the time at which they were scheduled.
type Counts struct {
	Offered, Good, Late, Failed uint64
}

// Window is the exact account of a part of the run.
type Window struct {
	Counts
	// Latencies of good requests in µs, sorted: from the scheduled time, and
	// from the sending.
	Scheduled, Sent []int64
}

// Goodput is the share of offered requests that were good; 0 if none was offered.
func (c Counts) Goodput() float64 {
	if c.Offered == 0 {
		return 0
	}
	return float64(c.Good) / float64(c.Offered)
}

// results keeps every sample: their number is bounded by the plan.
type results struct {
	mu      sync.Mutex
	seconds []Counts
	due     []time.Duration // scheduled times of what was offered, in order
	samples []Sample
}

func (r *results) second(at time.Duration) *Counts {
	i := int(at / time.Second)
	for len(r.seconds) <= i {
		r.seconds = append(r.seconds, Counts{})
	}
	return &r.seconds[i]
}

func (r *results) offered(at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.second(at).Offered++
	r.due = append(r.due, at)
}

func (r *results) add(s Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.second(s.At).count(s.Result)
	r.samples = append(r.samples, s)
}

func (c *Counts) count(r Result) {
	switch r {
	case Good:
		c.Good++
	case Late:
		c.Late++
	default:
		c.Failed++
	}
}

// Seconds returns the counts of each second of the run so far. Offered of a
// second is final when it has passed, the rest one deadline later.
func (g *Generator) Seconds() []Counts {
	g.results.mu.Lock()
	defer g.results.mu.Unlock()
	return slices.Clone(g.results.seconds)
}

// Window accounts for the requests scheduled in [from, until).
func (g *Generator) Window(from, until time.Duration) Window {
	r := &g.results
	r.mu.Lock()
	defer r.mu.Unlock()
	var w Window
	for _, at := range r.due {
		if at >= from && at < until {
			w.Offered++
		}
	}
	for _, s := range r.samples {
		if s.At < from || s.At >= until {
			continue
		}
		w.count(s.Result)
		if s.Result == Good {
			w.Scheduled = append(w.Scheduled, s.Scheduled.Microseconds())
			w.Sent = append(w.Sent, s.Sent.Microseconds())
		}
	}
	slices.Sort(w.Scheduled)
	slices.Sort(w.Sent)
	return w
}

// Quantile returns the smallest value that at least the share q of the sorted
// values does not exceed; 0 of none.
func Quantile(sorted []int64, q float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted))-1e-9)) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
