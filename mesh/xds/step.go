package xds

import (
	"maps"
	"slices"
)

// maxResponse bounds one response, in bytes of resources: huge ones keep Envoy
// from its endpoints while it builds clusters, and a thousand at once would fill
// the memory of the server.
const maxResponse = 128 << 10

// action is what is to be done about a name.
type action int

const (
	settled action = iota // nothing: the proxy has what is wanted
	upsert                // send
	remove                // send the removal
	held                  // nothing yet: what is wanted was rejected
)

// advance sends what may be sent now, in the order of steps.
func (m *machine) advance() []*response {
	if m.snap == nil {
		return nil
	}
	var out []*response
	for _, s := range m.types {
		if r := m.step(s); r != nil {
			out = append(out, r)
		}
	}
	for _, url := range []string{ClusterType, EndpointType} {
		if s := m.state(url); s != nil {
			if r := m.removals(s); r != nil {
				out = append(out, r)
			}
		}
	}
	for _, s := range m.types {
		if s.settled() {
			s.synced = m.snap.Generation
			s.trim()
		}
	}
	return out
}

// settled tells whether the proxy has all that is wanted of the type.
func (s *state) settled() bool {
	return len(s.due) == 0 && len(s.suspects) == 0 && !s.greet && (s.flight == nil || s.flight.beat)
}

// step sends the next response of a type, if there is one and it may go.
func (m *machine) step(s *state) *response {
	if s.flight != nil || m.gated(s) {
		return nil
	}
	m.lapse(s)
	if group := m.nextGroup(s); len(group) > 0 {
		return m.send(s, &flight{items: group})
	}
	if items := m.batch(s, false); len(items) > 0 {
		return m.send(s, &flight{items: items})
	}
	if beats := m.beats(s); len(beats) > 0 {
		return m.send(s, &flight{items: beats, beat: true})
	}
	if s.greet {
		return m.send(s, &flight{})
	}
	return nil
}

// removals sends the last step: clusters that nothing uses any more, and the
// endpoints of clusters that are gone.
func (m *machine) removals(s *state) *response {
	if s.flight != nil || len(s.suspects) > 0 || m.busy(ListenerType) || m.busy(RouteType) ||
		!m.known(ListenerType) || !m.known(RouteType) || !m.known(ClusterType) {
		return nil
	}
	if items := m.batch(s, true); len(items) > 0 {
		return m.send(s, &flight{items: items})
	}
	return nil
}

// gated tells whether an earlier step must be acknowledged first.
func (m *machine) gated(s *state) bool {
	switch s.url {
	case ListenerType:
		return !m.known(ClusterType) || m.busy(ClusterType) || m.busy(EndpointType)
	case RouteType:
		return !m.known(ClusterType) || m.busy(ClusterType) || m.busy(EndpointType) || m.busy(ListenerType)
	}
	return false
}

// batch collects the next response from the names that are due, and settles
// those that need none. Removals of clusters and endpoints are collected only
// when last is set, and then nothing else is.
func (m *machine) batch(s *state, last bool) map[string]*Resource {
	items := map[string]*Resource{}
	var inUse map[string]bool // of this type, filled when the first removal asks
	size := 0
	for _, name := range slices.Sorted(maps.Keys(s.due)) {
		r, act := m.decide(s, name)
		switch {
		case act == settled:
			delete(s.due, name)
			continue
		case act == upsert && !last && !m.lacks(r):
			size += len(r.Any.GetValue())
		case act == remove && !last && !m.waits(s, name):
		case act == remove && last:
			if inUse == nil {
				inUse = m.inUse(s.url)
			}
			if inUse[name] || inUse[everything] {
				continue
			}
		default:
			continue
		}
		if size > maxResponse && len(items) > 0 {
			break
		}
		items[name] = r
		if s.url == RouteType {
			break
		}
	}
	return items
}

// decide compares what the proxy has under a name with what is wanted.
func (m *machine) decide(s *state, name string) (*Resource, action) {
	have, offered, owed := s.have[name], s.offered[name], s.owes(name)
	r := m.snap.resource(s.url, name)
	switch {
	case !s.follows(name):
		return nil, settled
	case r == nil && have == nil && offered == nil && !owed:
		return nil, settled
	case r == nil:
		return nil, remove
	case m.bad.has(s.url, r):
		return instead(have, owed)
	case same(have, r) && offered == nil && !owed:
		return r, settled
	}
	return r, upsert
}

// instead says what to do about a name whose wanted version is quarantined: the
// proxy keeps what it has, and is told so when it asks.
func instead(have *Resource, owed bool) (*Resource, action) {
	switch {
	case !owed:
		return nil, held
	case have != nil && !have.reported():
		return have, upsert
	}
	return nil, remove
}

// send puts a response in flight.
func (m *machine) send(s *state, f *flight) *response {
	f.nonce, f.sent, f.snap = m.nonce(), m.now, m.snap
	out := &response{SystemVersionInfo: m.generation(), TypeUrl: s.url, Nonce: f.nonce}
	for _, name := range slices.Sorted(maps.Keys(f.items)) {
		r := f.items[name]
		f.owed = f.owed || s.owes(name)
		delete(s.due, name)
		delete(s.owed, name)
		switch {
		case r == nil:
			out.RemovedResources = append(out.RemovedResources, name)
		case f.beat:
			out.Resources = append(out.Resources, r.heartbeat())
		default:
			out.Resources = append(out.Resources, r.message())
			s.offer(r)
			m.unsettleChildren(s, r)
		}
	}
	s.flight, s.greet = f, false
	s.bulky = s.bulky || len(f.items) > bulk
	return out
}

// unsettleChildren has the children of a resource sent again: Envoy waits for
// them after their parent changed, but does not ask.
func (m *machine) unsettleChildren(s *state, r *Resource) {
	url := childType(s.url)
	if url == "" {
		return
	}
	child := m.state(url)
	for _, name := range r.references().children {
		if child != nil {
			child.owe(name)
		} else {
			m.early[url] = append(m.early[url], name)
		}
	}
}
