package envoyals

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// forgetAfter is how long the counts of a proxy without a stream are kept, and
// repeated in heartbeats, in case it comes back.
const forgetAfter = 10 * time.Minute

// maxProxies bounds how many proxies are counted on their own; what others send
// is stored and counted in the receiver's metrics only.
const maxProxies = 10_000

// proxy counts what one proxy sent, over all its streams, since the collector
// started.
type proxy struct {
	name    string
	streams int       // guarded by proxies.mu
	left    time.Time // when the last stream ended; guarded by proxies.mu

	requests, attempts, flows, interim, refused, clamped atomic.Uint64
}

func (p *proxy) add(t *tally) {
	add(&p.requests, sum(t.requests[:]))
	add(&p.attempts, sum(t.attempts[:]))
	add(&p.flows, sum(t.flows[:]))
	add(&p.interim, t.interim)
	add(&p.refused, sum(t.refused[:]))
	add(&p.clamped, t.clamped)
}

// heartbeat says what the proxy sent. It makes no claim about what is stored:
// CompleteThrough is the epoch.
func (p *proxy) heartbeat(now, started time.Time) record.Heartbeat {
	return record.Heartbeat{
		At:              now,
		Started:         started,
		Proxy:           p.name,
		CompleteThrough: time.Unix(0, 0),
		Requests:        p.requests.Load(),
		Attempts:        p.attempts.Load(),
		Flows:           p.flows.Load(),
		Interim:         p.interim.Load(),
		Refused:         p.refused.Load(),
		Clamped:         p.clamped.Load(),
	}
}

// proxies are the proxies that a receiver has heard of.
type proxies struct {
	started time.Time // counts begin there

	mu     sync.Mutex
	byName map[string]*proxy
}

func newProxies(started time.Time) *proxies {
	return &proxies{started: started, byName: make(map[string]*proxy)}
}

// join adds a stream to the proxy of that name; nil if there are too many.
func (ps *proxies) join(name string) *proxy {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.byName[name]
	if p == nil && len(ps.byName) >= maxProxies {
		return nil
	}
	if p == nil {
		p = &proxy{name: name}
		ps.byName[name] = p
	}
	p.streams++
	return p
}

// leave takes a stream away from it.
func (ps *proxies) leave(p *proxy, now time.Time) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p.streams--
	p.left = now
}

// live lists the proxies to report, and forgets those that are gone for long.
func (ps *proxies) live(now time.Time) []*proxy {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	list := make([]*proxy, 0, len(ps.byName))
	for name, p := range ps.byName {
		if p.streams == 0 && now.Sub(p.left) > forgetAfter {
			delete(ps.byName, name)
			continue
		}
		list = append(list, p)
	}
	return list
}

// beat hands the sink a heartbeat of each proxy.
func (ps *proxies) beat(now time.Time, sink Sink) {
	for _, p := range ps.live(now) {
		h := p.heartbeat(now, ps.started)
		sink.Heartbeat(&h)
	}
}
