package load

import "time"

// RecoveredShare is the share of normal goodput at which a service counts as
// being back.
const RecoveredShare = 0.95

// The rule of recovery: for so many seconds the goodput stays at RecoveredShare
// of normal, and no second falls below recoveredFloor of it.
const (
	recoverySeconds = 10
	recoveredFloor  = 0.85
	recoveryMin     = 5 // seconds of data without which nothing is said
)

// Recovery returns how long after from the load was served again as in normal
// times: the first second, counted from from, after which 10 s hold 95 % of the
// normal goodput with no second below 85 % of it. Seconds end at until. It is
// false if that never happened.
func Recovery(seconds []Counts, normal float64, from, until time.Duration) (time.Duration, bool) {
	first := int((from + time.Second - 1) / time.Second)
	last := min(int(until/time.Second), len(seconds))
	for s := first; s+recoveryMin <= last; s++ {
		if recovered(seconds[s:min(s+recoverySeconds, last)], normal) {
			return max(time.Duration(s)*time.Second-from, 0), true
		}
	}
	return 0, false
}

func recovered(seconds []Counts, normal float64) bool {
	var sum Counts
	for _, c := range seconds {
		if c.Offered > 0 && c.Goodput() < recoveredFloor*normal {
			return false
		}
		sum.Offered += c.Offered
		sum.Good += c.Good
	}
	return sum.Offered > 0 && sum.Goodput() >= RecoveredShare*normal
}
