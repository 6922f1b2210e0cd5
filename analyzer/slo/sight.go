package slo

import (
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// maxSilence is how long all collectors may be silent before the time between
// counts as blind. It is the age at which a collector is no longer live.
const maxSilence = 30 * time.Second

// Sight says when some collector was alive: from its first heartbeat on,
// except for the blind intervals, which lie on the grid.
type Sight struct {
	First time.Time // zero: never
	Blind []Window  // in order, disjoint
}

// newSight derives the blind intervals of a window from the first heartbeat of
// all and the starts, in order, of the buckets in it that hold one.
func newSight(w Window, first time.Time, buckets []time.Time) Sight {
	s := Sight{First: first}
	born := s.born(w)
	seen := born.From // up to here nothing more is blind
	for _, b := range append(buckets, w.To) {
		if b.Sub(seen) > maxSilence {
			s.Blind = append(s.Blind, Window{From: seen, To: b})
		}
		if end := b.Add(Grid); end.After(seen) {
			seen = end
		}
	}
	return s
}

// Coverage returns the share of the window, from the first heartbeat on, in
// which some collector was alive; zero if all of it lies before.
func (s Sight) Coverage(w Window) float64 {
	born := s.born(w)
	if born.Empty() {
		return 0
	}
	seen := born.Len()
	for _, b := range s.Blind {
		seen -= b.Overlap(born)
	}
	return float64(seen) / float64(born.Len())
}

// born cuts off the part of the window before the first heartbeat.
func (s Sight) born(w Window) Window {
	if s.First.IsZero() {
		return Window{From: w.To, To: w.To}
	}
	if first := window.Floor(s.First, Grid); first.After(w.From) {
		w.From = first
	}
	return w
}

// gap says why a window cannot be judged; "" if it can.
func (s Sight) gap(w Window, c Count) string {
	if s.born(w).Empty() {
		return "no collector had reported yet"
	}
	if cover := s.Coverage(w); cover < minCoverage {
		return fmt.Sprintf("only %.0f %% of the last %s was seen", cover*100, window.Short(w.Len()))
	}
	if c.Total == 0 {
		return fmt.Sprintf("no requests in the last %s", window.Short(w.Len()))
	}
	return ""
}

// young says that the window began before the first heartbeat; "" if it did
// not.
func (s Sight) young(w Window) string {
	born := s.born(w)
	if born == w {
		return ""
	}
	return fmt.Sprintf("young: heartbeats cover %s of %s", window.Short(born.Len()), window.Short(w.Len()))
}
