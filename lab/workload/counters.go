package workload

import "sync/atomic"

// Counters is what a workload has done since it started, kills included.
type Counters struct {
	Arrivals    uint64
	Completions uint64 // served to the end, well or not
	Zombies     uint64 // of these, for a caller that had already gone
	Rejected    uint64 // 503, the queue was full
	Abandoned   uint64 // left, waiting or at work, when the caller went or the workload was killed
	Busy        int    // workers at work now
	Queued      int    // calls waiting now
}

type counters struct {
	arrivals, completions, zombies, rejected, abandoned atomic.Uint64
}

// Counters reads the counters. Of a workload without calls in flight, Arrivals =
// Completions + Rejected + Abandoned.
func (s *Server) Counters() Counters {
	c := Counters{
		Completions: s.app.count.completions.Load(),
		Zombies:     s.app.count.zombies.Load(),
		Rejected:    s.app.count.rejected.Load(),
		Abandoned:   s.app.count.abandoned.Load(),
		Arrivals:    s.app.count.arrivals.Load(),
	}
	if l := s.current(); l != nil {
		c.Busy, c.Queued = l.pool.gauges()
	}
	return c
}
