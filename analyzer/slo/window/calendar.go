package window

import "time"

// Calendar cuts time into periods of one length from an anchor on, and before
// it, in a time zone.
type Calendar struct {
	// Anchor is the start of one period, in the zone of the periods.
	Anchor time.Time
	Length Length
}

// Start returns the start of the k-th period, where that of number 0 is the
// anchor. Days and more are added by the calendar of the zone: the time of day
// stays. A day that a month does not have is its last one (from January 31 a
// month is February 28 or 29, two are March 31). A time of day that a change
// of the clocks leaves out or repeats is resolved as time.Date does.
func (c Calendar) Start(k int) time.Time {
	n := k * c.Length.N
	switch c.Length.Unit {
	case 'm', 'h':
		d, _ := c.Length.Fixed()
		return c.Anchor.Add(time.Duration(k) * d)
	case 'd':
		return c.Anchor.AddDate(0, 0, n)
	case 'w':
		return c.Anchor.AddDate(0, 0, 7*n)
	case 'Q':
		n *= 3
	case 'Y':
		n *= 12
	}
	return addMonths(c.Anchor, n)
}

// At returns the period that holds t, and its number.
func (c Calendar) At(t time.Time) (Window, int) {
	k := int(t.Sub(c.Anchor) / c.Length.Typical())
	for c.Start(k).After(t) {
		k--
	}
	for !c.Start(k + 1).After(t) {
		k++
	}
	return Window{c.Start(k), c.Start(k + 1)}, k
}

// addMonths adds n months and clamps the day to the last one of the month.
func addMonths(t time.Time, n int) time.Time {
	y, m, d := t.Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(y, m+time.Month(n), min(d, last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
}
