package load

import (
	"context"
	"slices"
	"sync"
	"time"
)

// meterStep is the sleep whose overshoot is measured.
const meterStep = time.Millisecond

// Meter measures how much longer than asked the machine sleeps: a stall of the
// machine looks like a slow service and can tip a fragile one over.
type Meter struct {
	mu      sync.Mutex
	start   time.Time
	seconds []Overshoot
	current []time.Duration // overshoots of the second under way
}

// Overshoot sums up one second: how much later than asked 1 ms sleeps ended.
type Overshoot struct {
	P99, Max time.Duration
}

// Run measures until ctx ends; seconds count from start.
func (m *Meter) Run(ctx context.Context, start time.Time) {
	m.mu.Lock()
	m.start, m.seconds, m.current = start, nil, nil
	m.mu.Unlock()
	timer := time.NewTimer(meterStep)
	defer timer.Stop()
	for {
		asked := time.Now().Add(meterStep)
		timer.Reset(meterStep)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			m.note(time.Now(), asked)
		}
	}
}

// note adds one sleep that was to end at asked; it belongs to the second in
// which it was to end.
func (m *Meter) note(now, asked time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for second := int(asked.Sub(m.start) / time.Second); len(m.seconds) < second; {
		m.seconds = append(m.seconds, sumUp(m.current))
		m.current = m.current[:0]
	}
	m.current = append(m.current, now.Sub(asked))
}

func sumUp(all []time.Duration) Overshoot {
	if len(all) == 0 {
		return Overshoot{}
	}
	slices.Sort(all)
	return Overshoot{P99: all[min(len(all)*99/100, len(all)-1)], Max: all[len(all)-1]}
}

// Seconds returns the finished seconds.
func (m *Meter) Seconds() []Overshoot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seconds)
}

// Worst returns the largest P99 and Max of the seconds that lie in [from, until).
func (m *Meter) Worst(from, until time.Duration) Overshoot {
	var w Overshoot
	for i, s := range m.Seconds() {
		if at := time.Duration(i) * time.Second; at >= from && at < until {
			w.P99, w.Max = max(w.P99, s.P99), max(w.Max, s.Max)
		}
	}
	return w
}

// Disturbed tells whether the machine stalled in [from, until) for longer than
// the limit.
func (m *Meter) Disturbed(from, until, limit time.Duration) bool {
	return m.Worst(from, until).Max > limit
}
