package xds

import (
	"fmt"
	"time"
)

// Limits of one stream; a real proxy is far below them.
const (
	maxTypes = 16
	maxNames = 100_000 // per type
)

// state is what a machine knows of one type.
type state struct {
	url        string
	wildcard   bool
	subscribed map[string]struct{}

	have    map[string]*Resource // acknowledged by the proxy, or reported by it
	offered map[string]*Resource // sent but not acknowledged: it may have them
	doubted map[string]*Resource // offered before those, and not acknowledged either
	due     map[string]struct{}  // names that may differ from what is wanted
	owed    map[string]struct{}  // names to be sent even if the version agrees
	leases  map[string]time.Time // resources with a TTL: when they were last renewed

	greet    bool        // the first answer to a wildcard, be it empty, is owed
	flight   *flight     // the unanswered response
	late     []*flight   // given up, but an answer may yet come
	suspects [][]suspect // groups to be sent apart, see bisect.go
	refusal  *NACK       // of the group being bisected
	bulky    bool        // the maps grew beyond what a settled type needs
	stuck    time.Time   // since when; zero: not
	synced   uint64      // last generation of which nothing was missing
}

func newState(url string) *state {
	return &state{
		url:        url,
		subscribed: map[string]struct{}{},
		have:       map[string]*Resource{},
		offered:    map[string]*Resource{},
		doubted:    map[string]*Resource{},
		due:        map[string]struct{}{},
		owed:       map[string]struct{}{},
		leases:     map[string]time.Time{},
	}
}

// follows tells whether the proxy wants to hear of the name.
func (s *state) follows(name string) bool {
	if s.wildcard {
		return true
	}
	_, ok := s.subscribed[name]
	return ok
}

func (s *state) owes(name string) bool {
	_, ok := s.owed[name]
	return ok
}

// owe has the name sent, whatever the proxy is thought to have.
func (s *state) owe(name string) {
	if s.follows(name) {
		s.owed[name] = struct{}{}
		s.due[name] = struct{}{}
	}
}

// hold notes that the proxy has the resource.
func (s *state) hold(r *Resource, renewed time.Time) {
	s.have[r.Name] = r
	delete(s.offered, r.Name)
	delete(s.doubted, r.Name)
	if r.TTL > 0 {
		s.leases[r.Name] = renewed
	} else {
		delete(s.leases, r.Name)
	}
}

// offer notes that a resource was sent.
func (s *state) offer(r *Resource) {
	if before := s.offered[r.Name]; before != nil && before != r {
		s.doubted[r.Name] = before
	}
	s.offered[r.Name] = r
}

// withdraw notes that what was offered last was rejected.
func (s *state) withdraw(name string) {
	delete(s.offered, name)
	if before := s.doubted[name]; before != nil {
		s.offered[name] = before
		delete(s.doubted, name)
	}
}

// lose notes that the proxy does not have the name.
func (s *state) lose(name string) {
	delete(s.have, name)
	delete(s.offered, name)
	delete(s.doubted, name)
	delete(s.leases, name)
}

// forget drops all about a name that the proxy follows no more.
func (s *state) forget(name string) {
	s.lose(name)
	delete(s.due, name)
	delete(s.owed, name)
}

// bulk is the size of a response after which maps are worth making anew.
const bulk = 64

// trim gives back the memory of a large push: maps do not shrink by themselves.
func (s *state) trim() {
	if !s.bulky || len(s.owed)+len(s.offered)+len(s.doubted) > 0 {
		return
	}
	s.bulky = false
	s.due, s.owed = map[string]struct{}{}, map[string]struct{}{}
	s.offered, s.doubted = map[string]*Resource{}, map[string]*Resource{}
}

// shelve gives the flight up.
func (s *state) shelve() {
	const remembered = 6
	if s.late = append(s.late, s.flight); len(s.late) > remembered {
		s.late = s.late[1:]
	}
	s.flight = nil
}

// leaving tells whether a removal of the name is on its way.
func (s *state) leaving(name string) bool {
	for _, f := range append(s.late[:len(s.late):len(s.late)], s.flight) {
		if f == nil || f.passed {
			continue
		}
		if r, ok := f.items[name]; ok && r == nil {
			return true
		}
	}
	return false
}

// checkSize bounds the memory that a proxy can make a stream use.
func (s *state) checkSize() error {
	if n := max(len(s.subscribed), len(s.have)); n > maxNames {
		return fmt.Errorf("subscribing to %s: %d names, more than %d", s.url, n, maxNames)
	}
	return nil
}
