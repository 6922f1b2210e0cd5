package delta

import (
	"math"
	"sync"
	"time"
)

// Options bound a Tracker.
type Options struct {
	// Limit is the largest number of series. Required.
	Limit int
	// Idle is how long a series is kept without a reading. Required.
	Idle time.Duration
}

// Point is one reading of a cumulative series.
type Point struct {
	Value float64   // exact up to 2^53
	At    time.Time // when it was read
	// Start is when the series, or the process that counts it, began. Zero if
	// not known or not to be believed: Envoy's OpenTelemetry sink moves it with
	// each flush.
	Start time.Time
}

// Kind says what a Change knows.
type Kind uint8

// The kinds.
const (
	Grown   Kind = iota // Growth since the point before
	Born                // Growth since the series began, after the readings before
	Reset               // as Born, of a series that was there before
	First               // nothing is known of before: Growth is 0
	Invalid             // refused: negative, infinite or not a number
	Late                // refused: not after the point before
	Full                // refused: no room for another series
)

var kindNames = [...]string{"grown", "born", "reset", "first", "invalid", "late", "full"}

// String returns the kind's name, such as "grown".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Refused tells whether the point was not taken: it changed nothing.
func (k Kind) Refused() bool { return k >= Invalid }

// Change is what a point says in the light of those before.
type Change struct {
	Kind   Kind
	Growth float64       // never negative
	Step   time.Duration // over which it grew, 0 if that is not known
}

// Stats counts what happened to series.
type Stats struct {
	Series    int    // known now
	Resets    uint64 // began anew
	Forgotten uint64 // without a reading for Options.Idle, or missing in a complete round
	Refused   uint64 // points for which there was no room
}

// Tracker remembers the last point of each series, by a key of the caller's
// choice. It is safe for concurrent use.
type Tracker[K comparable] struct {
	options Options

	mu       sync.Mutex
	series   map[K]last
	blind    time.Time // what began before may have been read before, and is not remembered
	complete time.Time // of the last complete round; zero if it may lack a series that was there
	holes    bool      // a series got lost since then
	swept    time.Time
	stats    Stats
}

// last is what is remembered of a series.
type last struct {
	value     float64
	at, start time.Time
	seen      time.Time
}

// New returns a Tracker that begins to watch now.
func New[K comparable](options Options, now time.Time) *Tracker[K] {
	return &Tracker[K]{options: options, series: map[K]last{}, blind: now, swept: now}
}

// Observe takes a point of a series. The times of points are the sender's;
// now, by which series grow old, is the caller's.
func (t *Tracker[K]) Observe(now time.Time, key K, p Point) Change {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, known := t.series[key]
	if kind := t.refusal(now, p, before, known); kind.Refused() {
		if known {
			before.seen = now
			t.series[key] = before
		} else {
			t.lose(now)
		}
		return Change{Kind: kind}
	}
	t.series[key] = last{value: p.Value, at: p.At, start: p.Start, seen: now}
	if !known {
		return t.first(p)
	}
	step := p.At.Sub(before.at)
	if p.Value < before.value || restarted(before.start, p.Start) {
		t.stats.Resets++
		return Change{Kind: Reset, Growth: p.Value, Step: step}
	}
	return Change{Kind: Grown, Growth: p.Value - before.value, Step: step}
}

// refusal returns why a point is not taken, or Grown if it is.
func (t *Tracker[K]) refusal(now time.Time, p Point, before last, known bool) Kind {
	switch {
	case !(p.Value >= 0) || math.IsInf(p.Value, 1):
		return Invalid
	case known && !p.At.After(before.at):
		return Late
	case !known && !t.room(now):
		t.stats.Refused++
		return Full
	}
	return Grown
}

func restarted(before, now time.Time) bool {
	return !before.IsZero() && now.After(before)
}

// first judges a series that is not remembered: did it begin after what is?
func (t *Tracker[K]) first(p Point) Change {
	began := t.complete
	if p.Start.After(t.blind) && p.Start.After(began) {
		began = p.Start
	}
	if began.IsZero() {
		return Change{Kind: First}
	}
	return Change{Kind: Born, Growth: p.Value, Step: max(0, p.At.Sub(began))}
}

// room tells whether a series more may be kept, after making some if it helps.
func (t *Tracker[K]) room(now time.Time) bool {
	if len(t.series) < t.options.Limit {
		return true
	}
	t.sweep(now)
	return len(t.series) < t.options.Limit
}

// lose notes that a series is not remembered although it was there: until the
// next round without such a loss, a new series may be that one.
func (t *Tracker[K]) lose(now time.Time) {
	t.blind, t.complete, t.holes = now, time.Time{}, true
}

// Complete ends a round of readings in which each living series had a point
// that was observed at now: the others are gone. Call it only when no reading
// is missing; a series that is left out and goes on counting is counted twice.
func (t *Tracker[K]) Complete(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(func(l last) bool { return !l.seen.Equal(now) })
	t.complete = time.Time{}
	if !t.holes {
		t.complete = now
	}
	t.holes = false
}

// Sweep forgets the series that have had no point for Options.Idle. Observe
// does it by itself where room is short.
func (t *Tracker[K]) Sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
}

// sweep looks through the series at most four times per Options.Idle.
func (t *Tracker[K]) sweep(now time.Time) {
	if now.Sub(t.swept) < t.options.Idle/4 {
		return
	}
	t.swept = now
	if t.forget(func(l last) bool { return now.Sub(l.seen) >= t.options.Idle }) {
		t.lose(now)
	}
}

// forget drops the series that the function chooses and tells whether there
// was one.
func (t *Tracker[K]) forget(old func(last) bool) bool {
	before := len(t.series)
	for key, l := range t.series {
		if old(l) {
			delete(t.series, key)
		}
	}
	gone := before - len(t.series)
	t.stats.Forgotten += uint64(gone)
	return gone > 0
}

// Stats returns the counts so far.
func (t *Tracker[K]) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	stats := t.stats
	stats.Series = len(t.series)
	return stats
}
