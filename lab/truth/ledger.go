package truth

import (
	"strconv"
	"sync"
	"time"
)

// CallHeader carries the id of a logical call from caller to callee.
const CallHeader = "x-lab-call"

// Grace is how long an ended call waits for tries that arrive late.
const Grace = 10 * time.Second

// MaxLatencies bounds the client latencies kept for one edge of one phase.
const MaxLatencies = 200_000

// Config tells a Ledger what it cannot know by itself. All functions must be
// safe for concurrent use.
type Config struct {
	// Phase names the phase at a time; "" is a phase, too: outside of all.
	Phase func(time.Time) string
	// Route names the route that the mesh will report for a call. srcService is
	// "" for the load generator.
	Route func(srcService, dstService, method, path string) string
	// ServiceNode returns the node id of a service of which no workload is known.
	ServiceNode func(service string) string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Ledger counts logical calls. It is safe for concurrent use.
type Ledger struct {
	cfg Config

	mu    sync.Mutex
	next  uint64           // id of the last call
	base  uint64           // id of the last call before Reset
	calls map[uint64]*Call // open, or ended within Grace
	ended []*Call          // in order of their end
	sums  map[Key]*sum
	stray uint64
}

// New returns an empty ledger.
func New(cfg Config) *Ledger {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Ledger{cfg: cfg}
	l.Reset()
	return l
}

// Reset forgets everything. Calls begun before it are not counted any more, and
// their late arrivals are not stray.
func (l *Ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.base = l.next
	l.calls = map[uint64]*Call{}
	l.ended = nil
	l.sums = map[Key]*sum{}
	l.stray = 0
}

// Call is one logical call, as its caller sees it.
type Call struct {
	ledger  *Ledger
	id      uint64
	src     string
	service string // of the destination
	route   string
	phase   string
	start   time.Time

	// Guarded by ledger.mu.
	dst      string // workload of the last arrival, "" before the first
	arrivals uint64
	status   int
	end      time.Time
}

// Begin starts a logical call from the node src of srcService to a service.
func (l *Ledger) Begin(src, srcService, dstService, method, path string) *Call {
	c := &Call{ledger: l, src: src, service: dstService, route: l.cfg.Route(srcService, dstService, method, path), start: l.cfg.Now()}
	c.phase = l.cfg.Phase(c.start)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	c.id = l.next
	l.calls[c.id] = c
	return c
}

// ID is the value of CallHeader.
func (c *Call) ID() string { return strconv.FormatUint(c.id, 36) }

// End notes the answer the caller got: the HTTP status, 0 for none. It returns
// the time since Begin. Only the first End counts.
func (c *Call) End(status int) time.Duration {
	l := c.ledger
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.end.IsZero() && l.calls[c.id] == c {
		c.status, c.end = status, now
		l.ended = append(l.ended, c)
		l.fold(now.Add(-Grace))
	}
	return now.Sub(c.start)
}

// Arrived notes that a try of the call reached the app of the node dst. An id
// that no open or recent call has is counted as stray, no id at all is not.
func (l *Ledger) Arrived(id, dst string) {
	if id == "" {
		return
	}
	n, err := strconv.ParseUint(id, 36, 64)
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.calls[n]
	switch {
	case ok:
		c.dst = dst
		c.arrivals++
	case err != nil || n > l.base: // not one from before Reset
		l.stray++
	}
}
