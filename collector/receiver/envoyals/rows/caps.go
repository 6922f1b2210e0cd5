package rows

import (
	"sync"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// The caps of one collector. What is beyond them is stored as Other.
const (
	MaxServices = 10_000
	MaxRoutes   = 200   // per service; those that only callers told have as much room again
	MaxCallers  = 1_000 // per service
)

// Cap is one of the caps.
type Cap uint8

// The caps. CapService stands for a service too many, of which neither route
// nor caller is stored.
const (
	CapRoute Cap = iota
	CapToldRoute
	CapCaller
	CapService
	CapCount // how many there are
)

var capNames = [CapCount]string{"route", "told_route", "caller", "service"}

// String returns the name used as label of the counter.
func (c Cap) String() string {
	if c >= CapCount {
		return "unknown"
	}
	return capNames[c]
}

// Capped is the set of caps that a row is beyond.
type Capped uint8

// Has tells whether the row is beyond a cap.
func (c Capped) Has(one Cap) bool { return c&(1<<one) != 0 }

// Caps bounds the cardinality of stored names. A name that was let in stays in
// for the life of the collector. Safe for concurrent use.
type Caps struct {
	mu       sync.Mutex
	services map[string]*names
}

// names are what was let in of one service. Routes that callers told are counted
// apart: a made-up header must not use up the room of routes that the reporting
// proxy was configured with.
type names struct {
	routes, toldRoutes, callers map[string]struct{}
}

// NewCaps returns caps with nothing let in yet.
func NewCaps() *Caps { return &Caps{services: make(map[string]*names)} }

// Route lets a route of a service in, or tells that there is no room; told says
// that a caller's header names it, not the reporting proxy's configuration. The
// string is kept: it must be owned.
func (c *Caps) Route(dst *record.Peer, route string, told bool) Capped {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.service(dst)
	switch {
	case n == nil:
		return 1 << CapService
	case told && !admit(n.toldRoutes, route, MaxRoutes):
		return 1 << CapToldRoute
	case !told && !admit(n.routes, route, MaxRoutes):
		return 1 << CapRoute
	}
	return 0
}

// Caller lets a caller of a service in, or tells that there is no room.
func (c *Caps) Caller(dst *record.Peer, id string) Capped {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.service(dst)
	switch {
	case n == nil:
		return 1 << CapService
	case !admit(n.callers, id, MaxCallers):
		return 1 << CapCaller
	}
	return 0
}

// service returns the names of a service, nil if there are too many services.
// A service is known by the node id of its workload: versions count on their
// own.
func (c *Caps) service(dst *record.Peer) *names {
	n := c.services[dst.ID]
	if n == nil && len(c.services) < MaxServices {
		n = &names{
			routes:     make(map[string]struct{}),
			toldRoutes: make(map[string]struct{}),
			callers:    make(map[string]struct{}),
		}
		c.services[dst.ID] = n
	}
	return n
}

func admit(set map[string]struct{}, name string, limit int) bool {
	if _, ok := set[name]; ok {
		return true
	}
	if len(set) >= limit {
		return false
	}
	set[name] = struct{}{}
	return true
}
