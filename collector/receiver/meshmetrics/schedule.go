package meshmetrics

import (
	"context"
	"hash/fnv"
	"time"
)

// A target that failed so often in a row is asked less and less often, down to
// once in maxPause: while it hangs, it takes the place of others.
const (
	patience = 3
	maxPause = time.Minute
)

// offset spreads targets over the interval, each always at the same place.
func offset(name string, interval time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return time.Duration(h.Sum64() % uint64(interval))
}

// pause returns how long after the time of a scrape the next is due, when so
// many have failed in a row.
func pause(interval time.Duration, failures int) time.Duration {
	wait := interval
	for ; failures >= patience && wait < maxPause; failures-- {
		wait *= 2
	}
	return min(wait, max(interval, maxPause))
}

// schedule calls scrape, which tells whether it succeeded, first after the
// offset and then at each interval until the context ends. One that took longer
// leaves out the calls that it missed.
func schedule(ctx context.Context, interval, offset time.Duration, scrape func(context.Context) bool) {
	next := time.Now().Add(offset)
	timer := time.NewTimer(offset)
	defer timer.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if scrape(ctx) {
			failures = 0
		} else {
			failures++
		}
		next = next.Add(pause(interval, failures))
		if late := time.Since(next); late > 0 {
			next = next.Add((late + interval - 1) / interval * interval)
		}
		timer.Reset(time.Until(next))
	}
}
