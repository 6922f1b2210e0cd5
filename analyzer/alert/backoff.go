package alert

import "time"

const (
	firstBackoff = time.Second
	maxBackoff   = 10 * time.Minute
	expiry       = 72 * time.Hour // after its making, or its replay, a message is given up
	leastTries   = 72             // made before that; fewer: not the message is old, the clock went ahead
)

// backoff returns how long to wait after a number of tries (1, 2, …): 1 s, 2 s,
// 4 s … 10 min, of which a random half is taken off in part (random is in
// [0, 1)), so that receivers which failed together are not asked together.
func backoff(tries int, random float64) time.Duration {
	d := maxBackoff
	if shift := tries - 1; shift < 10 {
		d = min(d, firstBackoff<<shift)
	}
	return d - time.Duration(random*float64(d)/2)
}

// settlementOf turns the result of a try into what becomes of the message.
func settlementOf(m *message, r result, now time.Time, random float64) settlement {
	s := settlement{state: r.state, seen: m.seen || r.seen, gone: r.gone, err: r.err}
	if r.state != pending {
		return s
	}
	s.due = now.Add(max(r.after, backoff(m.tries, random)))
	if s.due.Sub(m.since) > expiry && m.tries >= leastTries {
		s.state, s.due = dead, time.Time{}
		s.err = "given up after 72 hours: " + r.err
	}
	return s
}
