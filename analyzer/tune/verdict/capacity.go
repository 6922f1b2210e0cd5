package verdict

import "time"

const (
	// stretch is how many seconds in a row throughput is averaged over.
	stretch = 3
	// rejecting is the share of a second's tries that must meet a full queue
	// for the rest to be what the server completes.
	rejecting = 0.05
)

// capacity is what the server completed while its full queue rejected the
// rest: a queue that stays full takes in exactly as much as the server
// finishes, so the tries that were not rejected count completions, even those
// whose caller had left. Rates are in tries per second.
type capacity struct {
	seconds     int     // seconds that rejected, edges left out
	worst, best float64 // lowest and highest mean over a stretch
}

// seen tells whether the server was ever seen at its capacity.
func (c capacity) seen() bool { return c.best > 0 }

// capacityOf reads the capacity from the seconds of the window, by the start
// of the tries.
func capacityOf(r Rows) capacity {
	accepted, rejected := perSecond(r)
	var c capacity
	for from := 0; from < len(accepted); {
		to := from
		for to < len(accepted) && full(accepted[to], rejected[to]) {
			to++
		}
		// In its first second a run fills the queue, in its last it empties it.
		c.add(accepted[min(from+1, to):max(to-1, min(from+1, to))])
		from = to + 1
	}
	return c
}

// full tells whether the queue was full for a second. Where nothing at all is
// taken in, the server is down rather than full.
func full(accepted, rejected int) bool {
	return accepted > 0 && rejected > 0 && float64(rejected) >= rejecting*float64(accepted+rejected)
}

func (c *capacity) add(run []int) {
	if len(run) < stretch {
		return
	}
	c.seconds += len(run)
	sum := 0
	for i, n := range run {
		sum += n
		if i >= stretch {
			sum -= run[i-stretch]
		}
		if i+1 < stretch {
			continue
		}
		mean := float64(sum) / stretch
		if c.best == 0 || mean < c.worst {
			c.worst = mean
		}
		c.best = max(c.best, mean)
	}
}

// perSecond counts the tries that reached the server, and those that it
// rejected, by the whole second of the window in which they started.
func perSecond(r Rows) (accepted, rejected []int) {
	n := max(0, int(r.To.Sub(r.From)/time.Second))
	accepted, rejected = make([]int, n), make([]int, n)
	for _, t := range r.Tries {
		since := t.start().Sub(r.From)
		second := int(since / time.Second)
		if since < 0 || second >= n {
			continue
		}
		switch k := classify(t); {
		case k == kindRejected:
			rejected[second]++
		case k.reached():
			accepted[second]++
		}
	}
	return accepted, rejected
}
