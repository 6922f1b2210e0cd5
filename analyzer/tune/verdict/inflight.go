package verdict

import (
	"cmp"
	"slices"
	"time"
)

// inFlight is how many tries ran at the same time, weighted by time.
type inFlight struct {
	levels []time.Duration // time spent with this many in flight
	total  time.Duration
}

// sweep computes the exact number of tries in flight over [from, to) from
// their starts and ends. Tries that never left the proxy do not count. The
// last stretch, as long as the longest try, is left out, since tries that were
// running there are in no window yet; a window shorter than twice that is
// swept whole.
func sweep(r Rows) inFlight {
	type edge struct {
		at    time.Time
		delta int
	}
	var edges []edge
	var longest time.Duration
	for _, t := range r.Tries {
		if !classify(t).reached() {
			continue
		}
		edges = append(edges, edge{t.start(), 1}, edge{t.End, -1})
		longest = max(longest, micros(t.Duration))
	}
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.delta, b.delta))
	})
	to := r.To
	if 2*longest <= r.To.Sub(r.From) {
		to = to.Add(-longest)
	}
	var f inFlight
	now, running := r.From, 0
	for _, e := range edges {
		at := latest(r.From, earliest(e.at, to))
		f.spend(running, at.Sub(now))
		now, running = at, running+e.delta
	}
	f.spend(running, to.Sub(now))
	return f
}

func (f *inFlight) spend(level int, d time.Duration) {
	if d <= 0 || level < 0 {
		return
	}
	for len(f.levels) <= level {
		f.levels = append(f.levels, 0)
	}
	f.levels[level] += d
	f.total += d
}

// quantile returns the smallest level that was not exceeded during a share p
// of the time.
func (f inFlight) quantile(p float64) int {
	var spent time.Duration
	for level, d := range f.levels {
		spent += d
		if float64(spent) >= p*float64(f.total) {
			return level
		}
	}
	return max(len(f.levels)-1, 0)
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
