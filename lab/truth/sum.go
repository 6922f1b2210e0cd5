package truth

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Key is one row of the account.
type Key struct {
	Phase string
	Src   string
	Dst   string
	Route string
}

// Edge is what happened on an edge in a phase.
type Edge struct {
	Key
	Requests uint64 // logical calls that began in the phase and have ended
	Failures uint64 // of these, without an answer or with a status of 500 and above
	Attempts uint64 // arrivals of these at an app
	Unseen   uint64 // of these, without any arrival
	Statuses map[int]uint64
	// Latencies are the caller's stopwatch readings in µs, sorted; at most
	// MaxLatencies of them.
	Latencies []int64
}

// Account is the state of a ledger.
type Account struct {
	Edges []Edge // sorted by phase, src, dst, route
	Open  uint64 // calls that have not ended
	Stray uint64 // arrivals later than Grace after the caller's end, or of unknown ids
}

// sum is an Edge in the making.
type sum struct {
	requests, failures, attempts, unseen uint64
	statuses                             map[int]uint64
	latencies                            []int64
}

func (c *Call) key() Key {
	dst := c.dst
	if dst == "" {
		dst = c.ledger.cfg.ServiceNode(c.service)
	}
	return Key{Phase: c.phase, Src: c.src, Dst: dst, Route: c.route}
}

func add(sums map[Key]*sum, c *Call) {
	k := c.key()
	s := sums[k]
	if s == nil {
		s = &sum{statuses: map[int]uint64{}}
		sums[k] = s
	}
	s.requests++
	s.attempts += c.arrivals
	s.statuses[c.status]++
	if c.arrivals == 0 {
		s.unseen++
	}
	if c.status == 0 || c.status >= 500 {
		s.failures++
	}
	if len(s.latencies) < MaxLatencies {
		s.latencies = append(s.latencies, c.end.Sub(c.start).Microseconds())
	}
}

// fold moves calls that ended before a time into the sums.
func (l *Ledger) fold(before time.Time) {
	n := 0
	for n < len(l.ended) && l.ended[n].end.Before(before) {
		add(l.sums, l.ended[n])
		delete(l.calls, l.ended[n].id)
		l.ended[n] = nil
		n++
	}
	l.ended = l.ended[n:]
}

// Snapshot sums up all calls that have ended.
func (l *Ledger) Snapshot() Account {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums := make(map[Key]*sum, len(l.sums))
	for k, s := range l.sums {
		c := *s
		c.statuses = maps.Clone(s.statuses)
		c.latencies = slices.Clone(s.latencies)
		sums[k] = &c
	}
	for _, c := range l.ended {
		add(sums, c)
	}
	a := Account{Open: uint64(len(l.calls) - len(l.ended)), Stray: l.stray}
	for k, s := range sums {
		slices.Sort(s.latencies)
		a.Edges = append(a.Edges, Edge{
			Key: k, Requests: s.requests, Failures: s.failures, Attempts: s.attempts, Unseen: s.unseen,
			Statuses: s.statuses, Latencies: s.latencies,
		})
	}
	slices.SortFunc(a.Edges, func(a, b Edge) int { return compare(a.Key, b.Key) })
	return a
}

func compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Src, b.Src), cmp.Compare(a.Dst, b.Dst), cmp.Compare(a.Route, b.Route))
}
