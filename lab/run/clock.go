package run

import (
	"sync/atomic"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// clock turns the scenario's offsets into moments. The windows of the phases
// are cut where nothing runs: the drain after a phase, in which calls end and
// none begins, belongs to the phase before it, for truth and observation alike.
type clock struct {
	phases []scenario.Phase
	start  atomic.Pointer[time.Time]
}

// begin sets time zero.
func (c *clock) begin(at time.Time) { c.start.Store(&at) }

// zero returns time zero, the zero time before begin.
func (c *clock) zero() time.Time {
	if t := c.start.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// offset returns how far into the scenario a moment is.
func (c *clock) offset(at time.Time) time.Duration { return at.Sub(c.zero()) }

// span returns the offsets between which the i-th phase is accounted for.
func (c *clock) span(i int) (from, until time.Duration) {
	from, until = c.phases[i].From.D(), c.phases[i].Until.D()+c.phases[i].Drain.D()
	if i > 0 {
		before := c.phases[i-1].Until.D() + c.phases[i-1].Drain.D()
		from = max(from, min(before, until))
	}
	return from, until
}

// window returns the moments between which the i-th phase is accounted for.
func (c *clock) window(i int) (from, until time.Time) {
	a, b := c.span(i)
	return c.zero().Add(a), c.zero().Add(b)
}

// phase names the phase of a moment, "" outside of all.
func (c *clock) phase(at time.Time) string {
	off := c.offset(at)
	for i, p := range c.phases {
		if from, until := c.span(i); off >= from && off < until {
			return p.Name
		}
	}
	return ""
}

// quiet tells whether nothing was in flight at either end of the phase, so that
// calls can be counted exactly.
func (c *clock) quiet(i int) bool {
	begins := i == 0 && c.phases[0].From == 0 ||
		i > 0 && c.phases[i-1].Drain > 0 && c.phases[i].From <= c.phases[i-1].Until
	return begins && c.phases[i].Drain > 0
}
