package xds

import "time"

// Changes are collected for a moment, so that a burst of them is one push.
const (
	quiet      = 100 * time.Millisecond // without a further change, then it goes
	quietQuick = 20 * time.Millisecond  // the same, for endpoints and runtime values only
	longest    = time.Second            // that a change waits, however many follow
)

// debounce says when a changed snapshot is to be delivered.
type debounce struct {
	first, last time.Time
	slow        bool // more than endpoints and runtime values changed
}

// add notes a change.
func (d *debounce) add(now time.Time, quick bool) {
	if d.first.IsZero() {
		d.first = now
	}
	d.last = now
	d.slow = d.slow || !quick
}

// due is when to deliver; zero: nothing changed.
func (d *debounce) due() time.Time {
	if d.first.IsZero() {
		return time.Time{}
	}
	wait := quietQuick
	if d.slow {
		wait = quiet
	}
	if at := d.last.Add(wait); at.Before(d.first.Add(longest)) {
		return at
	}
	return d.first.Add(longest)
}

// take tells whether it is time, and begins anew if so.
func (d *debounce) take(now time.Time) bool {
	due := d.due()
	if due.IsZero() || now.Before(due) {
		return false
	}
	*d = debounce{}
	return true
}
