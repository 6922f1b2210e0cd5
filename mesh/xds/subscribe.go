package xds

import (
	"fmt"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
)

// everything is the name that subscribes to all resources of a type.
const everything = "*"

// open takes the first request of a type on this stream. Only here does the
// proxy report what it has, and only here may a name subscribed to remain
// unanswered: if it has the right version.
func (m *machine) open(q *discoveryv3.DeltaDiscoveryRequest) (*state, error) {
	if q.GetTypeUrl() == "" {
		return nil, fmt.Errorf("opening a subscription: no type_url")
	}
	if len(m.types) == maxTypes {
		return nil, fmt.Errorf("subscribing to %.80q: more than %d types", q.GetTypeUrl(), maxTypes)
	}
	s := newState(q.GetTypeUrl())
	if s.url == ClusterType && len(q.GetInitialResourceVersions()) == 0 {
		m.bad.clear(m.started) // the proxy started anew, and may judge differently
	}
	// Without any name the first request means all, as "*" does.
	s.wildcard = len(q.GetResourceNamesSubscribe()) == 0
	for _, name := range q.GetResourceNamesSubscribe() {
		if name == everything {
			s.wildcard = true
			continue
		}
		s.subscribed[m.own(s, name)] = struct{}{}
	}
	for name, version := range q.GetInitialResourceVersions() {
		if s.follows(name) {
			s.have[name] = &Resource{Name: name, Version: version}
			m.consider(s, name)
		}
	}
	for name := range s.subscribed {
		if s.have[name] == nil {
			s.owe(name)
		}
	}
	for _, name := range m.early[s.url] {
		s.owe(name)
	}
	delete(m.early, s.url)
	s.greet = s.wildcard && len(s.have) == 0
	if s.wildcard {
		m.considerAll(s)
	}
	m.add(s)
	return s, nil
}

// subscribe adds names; each is answered, also if it was subscribed to before:
// the proxy may have lost it.
func (m *machine) subscribe(s *state, names []string) {
	for _, name := range names {
		if name == everything {
			if !s.wildcard {
				s.wildcard, s.greet = true, true
				m.considerAll(s)
			}
			continue
		}
		s.subscribed[m.own(s, name)] = struct{}{}
		s.owe(name)
	}
}

// unsubscribe drops names. One that a wildcard still covers is sent again, as
// the protocol demands.
func (m *machine) unsubscribe(s *state, names []string) {
	for _, name := range names {
		if name == everything {
			s.wildcard, s.greet = false, false
			s.dropUnfollowed()
			continue
		}
		delete(s.subscribed, name)
		if s.wildcard {
			s.owe(name)
		} else {
			s.forget(name)
		}
	}
}

func (s *state) dropUnfollowed() {
	for _, names := range []map[string]*Resource{s.have, s.offered, s.doubted} {
		for name := range names {
			if !s.follows(name) {
				s.forget(name)
			}
		}
	}
	for name := range s.due {
		if !s.follows(name) {
			s.forget(name)
		}
	}
}

func (m *machine) considerAll(s *state) {
	if m.snap == nil {
		return
	}
	for name := range m.snap.Types[s.url] {
		m.consider(s, name)
	}
}

// consider marks a name for comparison. If the proxy reported the wanted
// version, the resource takes the report's place; a lease among them is renewed
// at once, since nobody knows how long it has left.
func (m *machine) consider(s *state, name string) {
	if !s.follows(name) {
		return
	}
	s.due[name] = struct{}{}
	have, r := s.have[name], m.snap.resource(s.url, name)
	if have != nil && r != nil && have.reported() && have.Version == r.Version {
		offered := s.offered[name]
		s.hold(r, m.now.Add(-beatEvery(r.TTL)))
		if offered != nil {
			s.offered[name] = offered // it may have replaced what was reported
		}
	}
}

// own returns the snapshot's copy of a name, to not keep one per stream.
func (m *machine) own(s *state, name string) string {
	if r := m.snap.resource(s.url, name); r != nil {
		return r.Name
	}
	return name
}
