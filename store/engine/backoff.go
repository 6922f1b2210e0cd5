package engine

import "time"

const (
	firstDelay = 100 * time.Millisecond
	maxDelay   = 5 * time.Second
	// healthyAfter is how long a child must live for its death to count as the first.
	healthyAfter = time.Minute
	// maxStillborn is how many children in a row may die before answering a ping.
	maxStillborn = 5
)

// backoff decides about restarts.
type backoff struct {
	next      time.Duration
	stillborn int
}

// died takes the life of a child and whether it ever answered. It returns the
// pause before the next start; false when there should be none.
func (b *backoff) died(lived time.Duration, answered bool) (time.Duration, bool) {
	if answered {
		b.stillborn = 0
	} else if b.stillborn++; b.stillborn >= maxStillborn {
		return 0, false
	}
	if b.next == 0 || lived >= healthyAfter {
		b.next = firstDelay
	}
	delay := b.next
	b.next = min(2*b.next, maxDelay)
	return delay, true
}
