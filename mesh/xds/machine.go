package xds

import (
	"slices"
	"strconv"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
)

const (
	// AckTimeout is how long a proxy may leave a response unanswered before it
	// counts as stuck. It is Envoy's default initial_fetch_timeout: a cluster
	// that lacks its endpoints is warm by then.
	AckTimeout = 15 * time.Second

	// resumeGrace is how long listeners, routes and removals wait for a proxy
	// that reconnects to say which clusters and routes it has. A proxy that asks
	// for some of these types only is served after it.
	resumeGrace = 5 * time.Second
)

// response is what a machine sends.
type response = discoveryv3.DeltaDiscoveryResponse

// A machine is the state of one proxy's stream. It has no clock and does no
// I/O: want, request and tick say what happened and return what to send, which
// must then be sent in this order.
type machine struct {
	started time.Time
	now     time.Time // of the latest event
	snap    *Snapshot // wanted; nil: not known yet, nothing is answered
	types   []*state  // in the order of steps
	bad     *quarantine
	early   map[string][]string // type → names whose parent was sent before the type was asked for
	nonces  uint64
}

// newMachine returns the machine of a new stream. The quarantine outlives it,
// but not what is in it for want of an answer: the old stream may have been dead.
func newMachine(now time.Time, bad *quarantine) *machine {
	bad.acquit()
	return &machine{started: now, now: now, bad: bad, early: map[string][]string{}}
}

// want replaces what the proxy shall have.
func (m *machine) want(now time.Time, snap *Snapshot) []*response {
	m.now = now
	old := m.snap
	m.snap = snap
	for _, s := range m.types {
		if s.url == ClusterType && s.flight != nil && s.flight.overdue {
			m.giveUp(s)
		}
		m.compare(s, old)
	}
	return m.advance()
}

// compare marks what differs between the wanted snapshot and the one before.
func (m *machine) compare(s *state, old *Snapshot) {
	m.snap.changes(old, s.url, func(name string) { m.consider(s, name) })
	if old == nil {
		for name := range s.have {
			m.consider(s, name)
		}
	}
}

// request takes one message of the proxy. An error ends the stream.
func (m *machine) request(now time.Time, q *discoveryv3.DeltaDiscoveryRequest) ([]*response, error) {
	m.now = now
	s := m.state(q.GetTypeUrl())
	if s == nil {
		var err error
		if s, err = m.open(q); err != nil {
			return nil, err
		}
	} else {
		if nonce := q.GetResponseNonce(); nonce != "" {
			m.answer(s, nonce, q.GetErrorDetail())
		}
		m.unsubscribe(s, q.GetResourceNamesUnsubscribe())
		m.subscribe(s, q.GetResourceNamesSubscribe())
	}
	if err := s.checkSize(); err != nil {
		return nil, err
	}
	return m.advance(), nil
}

// tick tells the time; deadline says when it is next of interest.
func (m *machine) tick(now time.Time) []*response {
	m.now = now
	var out []*response
	for _, s := range m.types {
		if f := s.flight; f != nil && !f.overdue && !now.Before(f.sent.Add(AckTimeout)) {
			if r := m.overdue(s); r != nil {
				out = append(out, r)
			}
		}
	}
	return append(out, m.advance()...)
}

// sent says that a response was written, which may be later than it was made:
// the wait for its answer begins.
func (m *machine) sent(now time.Time, r *response) {
	s := m.state(r.GetTypeUrl())
	if s != nil && s.flight != nil && s.flight.nonce == r.GetNonce() {
		s.flight.sent = now
	}
}

// deadline is the time of the next tick; zero if there is nothing to wait for.
func (m *machine) deadline() time.Time {
	var next time.Time
	earliest := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for _, s := range m.types {
		if f := s.flight; f == nil {
			for name, sent := range s.leases {
				earliest(m.leaseDue(s, s.have[name], sent))
			}
		} else if !f.overdue {
			earliest(f.sent.Add(AckTimeout))
		}
	}
	if grace := m.started.Add(resumeGrace); m.now.Before(grace) && len(m.types) > 0 {
		earliest(grace)
	}
	return next
}

// state returns the state of a type, nil before the proxy asked for it.
func (m *machine) state(url string) *state {
	for _, s := range m.types {
		if s.url == url {
			return s
		}
	}
	return nil
}

// add keeps the types in the order of steps.
func (m *machine) add(s *state) {
	at, _ := slices.BinarySearchFunc(m.types, s, func(a, b *state) int { return rank(a.url) - rank(b.url) })
	m.types = slices.Insert(m.types, at, s)
}

// known tells whether what the proxy has of a type is known: it asked, or had
// time to.
func (m *machine) known(url string) bool {
	return m.state(url) != nil || !m.now.Before(m.started.Add(resumeGrace))
}

// busy tells whether later steps wait for this one's acknowledgement.
func (m *machine) busy(url string) bool {
	s := m.state(url)
	if s == nil || s.flight == nil || s.flight.overdue || s.flight.undoes != nil {
		return false
	}
	return url != EndpointType || s.flight.owed // endpoints that come and go hold up nobody
}

func (m *machine) nonce() string {
	m.nonces++
	return strconv.FormatUint(m.nonces, 10)
}
