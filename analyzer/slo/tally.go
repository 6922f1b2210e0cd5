package slo

// tally is what one caller sent to a service, as seen from one vantage: one
// count per window, or per bucket of a series.
type tally struct {
	src    string
	client bool // reported by the caller's own proxy
	counts []Count
}

// choose adds up the callers of a service: of each the client-vantage rows if
// it has any, else the server-vantage ones (see the package comment). The
// result has n counts, one for each window.
func choose(tallies []tally, n int) []Count {
	reports := map[string]bool{}
	for _, t := range tallies {
		if t.client && t.events() > 0 {
			reports[t.src] = true
		}
	}
	sum := make([]Count, n)
	for _, t := range tallies {
		if t.client != reports[t.src] {
			continue
		}
		for i, c := range t.counts {
			sum[i] = sum[i].Add(c)
		}
	}
	return sum
}

func (t tally) events() (n uint64) {
	for _, c := range t.counts {
		n += c.Total
	}
	return n
}

// gather adds up the pieces of windows: of[i] is the window that piece i is of.
func (t tally) gather(of []int, n int) tally {
	whole := make([]Count, n)
	for i, c := range t.counts {
		whole[of[i]] = whole[of[i]].Add(c)
	}
	return tally{t.src, t.client, whole}
}
