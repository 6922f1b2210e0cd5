// Package window has the stretches of time over which an SLO counts: rolling
// ones, and calendar periods in a time zone. It reads no clock.
//
// Window is half-open, [From, To). Before and Split put rolling windows on the
// grid of the rollups; Calendar finds the period that holds a time by civil
// arithmetic, so that a month is a month and a day with a change of the clocks
// has 23 or 25 hours. Length is OpenSLO's duration shorthand.
package window

import "time"

// Grid is the width of the finest rollup bucket. Windows begin and end on it.
const Grid = 10 * time.Second

// Coarse is the width of the buckets that serve the old part of windows longer
// than FineSpan, for which the fine ones may have expired.
const (
	Coarse   = time.Minute
	FineSpan = 6 * time.Hour
)

// Window is a half-open interval [From, To) of completion times.
type Window struct {
	From, To time.Time
}

// Len returns the length of the window.
func (w Window) Len() time.Duration { return w.To.Sub(w.From) }

// Empty tells whether the window holds no time.
func (w Window) Empty() bool { return !w.From.Before(w.To) }

// Holds tells whether the window holds a time.
func (w Window) Holds(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Overlap returns the length of time that two windows share.
func (w Window) Overlap(v Window) time.Duration { return max(0, w.Clip(v).Len()) }

// Clip returns the part of w that lies in v; it is empty if there is none.
func (w Window) Clip(v Window) Window {
	if v.From.After(w.From) {
		w.From = v.From
	}
	if v.To.Before(w.To) {
		w.To = v.To
	}
	return w
}

// Floor aligns a time down to a grid of whole seconds that counts from the
// Unix epoch.
func Floor(t time.Time, grid time.Duration) time.Time {
	s := int64(grid / time.Second)
	sec := t.Unix()
	return time.Unix(sec-((sec%s)+s)%s, 0).UTC()
}

// Before returns the window of the given length that ends at to, which lies on
// the grid. One longer than six hours begins on a whole minute, and so is up
// to 50 s longer.
func Before(to time.Time, length time.Duration) Window {
	from := to.Add(-length)
	if length > FineSpan {
		from = Floor(from, Coarse)
	}
	return Window{From: from, To: to}
}

// Split cuts a window into the part that minute buckets serve and the rest,
// which takes 10 s buckets. Either may be empty.
func (w Window) Split() (coarse, fine Window) {
	cut := w.From
	if w.Len() > FineSpan {
		cut = Floor(w.To, Coarse)
	}
	return Window{w.From, cut}, Window{cut, w.To}
}

// Hull returns the smallest window that holds all that are not empty.
func Hull(windows []Window) Window {
	var h Window
	for _, w := range windows {
		switch {
		case w.Empty():
		case h.Empty():
			h = w
		default:
			if w.From.Before(h.From) {
				h.From = w.From
			}
			if w.To.After(h.To) {
				h.To = w.To
			}
		}
	}
	return h
}
