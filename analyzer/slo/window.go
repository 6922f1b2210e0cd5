package slo

import "time"

// Grid is the width of the finest rollup bucket. Windows begin and end on it.
const Grid = 10 * time.Second

// coarseGrid is the width of the buckets that serve the old part of windows
// longer than fineSpan, for which the fine ones may have expired.
const (
	coarseGrid = time.Minute
	fineSpan   = 6 * time.Hour
)

// Window is a half-open interval [From, To) of completion times.
type Window struct {
	From, To time.Time
}

// Len returns the length of the window.
func (w Window) Len() time.Duration { return w.To.Sub(w.From) }

// Empty tells whether the window holds no time.
func (w Window) Empty() bool { return !w.From.Before(w.To) }

// floor aligns a time down to a grid that counts from the Unix epoch.
func floor(t time.Time, grid time.Duration) time.Time {
	s := int64(grid / time.Second)
	sec := t.Unix()
	return time.Unix(sec-((sec%s)+s)%s, 0).UTC()
}

// before returns the window of the given length that ends at to, which lies on
// the grid. One longer than six hours begins on a whole minute, and so is up
// to 50 s longer.
func before(to time.Time, length time.Duration) Window {
	from := to.Add(-length)
	if length > fineSpan {
		from = floor(from, coarseGrid)
	}
	return Window{From: from, To: to}
}

// split cuts a window into the part that minute buckets serve and the rest,
// which takes 10 s buckets. Either may be empty.
func (w Window) split() (coarse, fine Window) {
	cut := w.From
	if w.Len() > fineSpan {
		cut = floor(w.To, coarseGrid)
	}
	return Window{w.From, cut}, Window{cut, w.To}
}

// overlap returns the length of time that two windows share.
func (w Window) overlap(v Window) time.Duration {
	from, to := w.From, w.To
	if v.From.After(from) {
		from = v.From
	}
	if v.To.Before(to) {
		to = v.To
	}
	return max(0, to.Sub(from))
}
