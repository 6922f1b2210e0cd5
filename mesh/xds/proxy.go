package xds

import (
	"context"
	"sync"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
)

// proxy is what the server keeps about one proxy, connected or not.
type proxy struct {
	name string

	mu       sync.Mutex
	snap     *Snapshot // the latest
	served   *Snapshot // the latest that a stream's machine was given
	debounce debounce
	bad      *quarantine
	since    time.Time
	stream   *stream // the one connection; nil: none
	gone     bool    // removed from the server
}

// stream is the connected half of a proxy; its machine is guarded by proxy.mu.
type stream struct {
	machine *machine
	wake    chan struct{} // holds one token when there is something new
	cancel  context.CancelCauseFunc
}

func newProxy(name string, report func(*NACK)) *proxy {
	return &proxy{name: name, bad: newQuarantine(report)}
}

// set takes a new snapshot.
func (p *proxy) set(now time.Time, snap *Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.debounce.add(now, snap.onlyQuick(p.snap))
	p.snap = snap
	if p.stream != nil {
		p.stream.nudge()
	}
}

func (s *stream) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// connect makes the stream the proxy's only one: an older one is dead, though
// its end was not heard of, or belongs to somebody with the same identity. It
// tells whether the proxy is still known.
func (p *proxy) connect(now time.Time, cancel context.CancelCauseFunc) (*stream, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return nil, false
	}
	if p.stream != nil {
		p.stream.cancel(errReplaced)
	}
	p.stream = &stream{machine: newMachine(now, p.bad), wake: make(chan struct{}, 1), cancel: cancel}
	p.since, p.served = now, nil
	p.stream.nudge()
	return p.stream, true
}

// disconnect notes the end of a stream, unless another took its place.
func (p *proxy) disconnect(now time.Time, s *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream == s {
		p.stream, p.since = nil, now
	}
}

func (p *proxy) remove() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	if p.stream != nil {
		p.stream.cancel(errRemoved)
	}
}

// idle tells whether nothing would be lost with the proxy.
func (p *proxy) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stream == nil && p.snap == nil
}

// request has the machine take a message.
func (p *proxy) request(now time.Time, s *stream, q *discoveryv3.DeltaDiscoveryRequest) ([]*response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.catchUp(now, s)
	more, err := s.machine.request(now, q)
	return append(out, more...), err
}

// poll has the machine see, if one is due, the latest snapshot, and the time:
// except while responses wait to be written, since the proxy cannot answer what
// it has not read.
func (p *proxy) poll(now time.Time, s *stream, waiting bool) []*response {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.catchUp(now, s)
	if waiting {
		return out
	}
	return append(out, s.machine.tick(now)...)
}

// sent has the wait for the answer begin.
func (p *proxy) sent(now time.Time, s *stream, r *response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.machine.sent(now, r)
}

// catchUp gives the machine the latest snapshot: the first at once, later ones
// when the changes paused.
func (p *proxy) catchUp(now time.Time, s *stream) []*response {
	ready := p.debounce.take(now) || p.served == nil
	if !ready || p.snap == nil || p.snap == p.served {
		return nil
	}
	p.served, p.debounce = p.snap, debounce{}
	return s.machine.want(now, p.snap)
}

// deadline is when to poll next; zero: not before something happens.
func (p *proxy) deadline(s *stream) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := s.machine.deadline()
	if due := p.debounce.due(); !due.IsZero() && (next.IsZero() || due.Before(next)) {
		next = due
	}
	return next
}

func (p *proxy) status() ProxyStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := ProxyStatus{Proxy: p.name, Connected: p.stream != nil, Since: p.since, Rejected: p.bad.total}
	if p.snap != nil {
		out.Wanted = p.snap.Generation
	}
	if p.stream != nil {
		p.stream.machine.status(&out)
	}
	out.NACKs = append(out.NACKs, p.bad.wanted(p.snap)...)
	return out
}
