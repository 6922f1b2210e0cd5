package xds

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
)

// noAnswer is the reason given for what was quarantined without one.
var noAnswer = "no answer within " + AckTimeout.String()

// flight is a response on its way.
type flight struct {
	nonce   string
	sent    time.Time
	snap    *Snapshot            // then wanted
	items   map[string]*Resource // by name; nil: removed
	owed    bool                 // answers or children are among them
	beat    bool                 // renews leases; has no bodies
	undoes  *flight              // the unanswered response that this one takes back
	overdue bool

	answered bool   // though late
	message  string // of a late rejection
	passed   bool   // a later response was answered: the proxy has seen this one
}

func (f *flight) names() []string { return slices.Sorted(maps.Keys(f.items)) }

func (m *machine) generation() string { return strconv.FormatUint(m.snap.Generation, 10) }

// answer takes an acknowledgement (no error) or a rejection.
func (m *machine) answer(s *state, nonce string, refusal *statuspb.Status) {
	f := s.flight
	if f == nil || f.nonce != nonce {
		m.lateAnswer(s, nonce, refusal)
		return
	}
	s.flight = nil
	m.pass(s)
	switch {
	case refusal == nil:
		m.accept(s, f)
	case f.beat:
		// The lease lapsed in the proxy: Envoy takes a heartbeat for an empty body.
		for name := range f.items {
			s.owe(name)
		}
	case f.undoes != nil:
		m.accept(s, f) // nothing better can be done
	default:
		m.refuse(s, f, refusal.GetMessage())
	}
	if f.undoes != nil {
		m.judge(s, f.undoes)
	}
	if s.flight == nil && len(s.suspects) == 0 {
		s.stuck, s.refusal = time.Time{}, nil
	}
}

// pass notes that the proxy has seen what was sent before the response that it
// answered. Removals among it are done, whether it says so or not.
func (m *machine) pass(s *state) {
	for _, f := range s.late {
		if f.passed {
			continue
		}
		f.passed = true
		for name, r := range f.items {
			if r == nil {
				delete(s.have, name)
				delete(s.leases, name)
				m.recheck(s, name)
			}
		}
	}
}

// accept notes that the proxy has what was sent.
func (m *machine) accept(s *state, f *flight) {
	for name, r := range f.items {
		switch {
		case !s.follows(name):
			s.lose(name)
			continue
		case r == nil:
			s.lose(name)
		default:
			s.hold(r, f.sent)
		}
		m.recheck(s, name)
	}
}

// recheck marks a name whose state changed, unless that is what is wanted.
func (m *machine) recheck(s *state, name string) {
	if m.snap == nil {
		return
	}
	if _, act := m.decide(s, name); act != settled {
		s.due[name] = struct{}{}
	}
}

// overdue gives up waiting for an answer. Clusters are taken back: Envoy may be
// withholding its rejection until they go. For other types there is nothing
// better than to wait on.
func (m *machine) overdue(s *state) *response {
	f := s.flight
	f.overdue = true
	if s.stuck.IsZero() {
		s.stuck = m.now
	}
	if s.url != ClusterType || f.beat {
		return nil
	}
	items := s.undo(f)
	if f.undoes != nil || len(items) == 0 {
		if f.snap != m.snap {
			m.giveUp(s) // a newer generation has been waiting
		}
		return nil
	}
	s.shelve()
	return m.send(s, &flight{items: items, undoes: f})
}

// undo returns what restores the proxy to before the flight: new resources are
// removed, changed ones sent as they were, if that is known.
func (s *state) undo(f *flight) map[string]*Resource {
	items := map[string]*Resource{}
	for name, r := range f.items {
		have := s.have[name]
		if r == nil || have != nil && have.reported() || !s.follows(name) {
			continue
		}
		items[name] = have
	}
	return items
}

// lateAnswer takes the answer to a response that was given up.
func (m *machine) lateAnswer(s *state, nonce string, refusal *statuspb.Status) {
	for _, f := range s.late {
		if f.nonce == nonce {
			f.answered = true
			if refusal == nil {
				m.pardon(s, f)
				continue
			}
			f.message = cmp.Or(refusal.GetMessage(), "rejected without a reason")
			if !m.bad.explain(s.url, f, f.message) && len(f.items) == 1 {
				m.refuse(s, f, f.message)
			}
		}
	}
}

// judge decides about a response that was taken back. One that was accepted
// late is tried again, twice at most; the others are treated as rejected.
func (m *machine) judge(s *state, f *flight) {
	s.late = slices.DeleteFunc(s.late, func(other *flight) bool { return other == f && f.answered })
	if f.message != "" && len(f.items) == 1 {
		return // refused when the answer came
	}
	accepted := f.answered && f.message == ""
	if accepted && m.bad.excuse(s.url, f) {
		for name := range f.items {
			m.recheck(s, name)
		}
		return
	}
	m.refuse(s, f, cmp.Or(f.message, noAnswer))
}

// pardon frees what was quarantined for want of an answer and accepted later.
func (m *machine) pardon(s *state, f *flight) {
	for name, r := range f.items {
		if r != nil && m.bad.pardon(s.url, r, len(f.items) == 1) {
			m.recheck(s, name)
		}
	}
}

// giveUp makes room for a new generation while the proxy is silent: a corrected
// cluster may be what releases it, so all that is in doubt goes at once.
func (m *machine) giveUp(s *state) {
	f := s.flight
	s.shelve()
	for _, f := range []*flight{f, f.undoes} {
		if f == nil {
			continue
		}
		for name := range f.items {
			m.recheck(s, name)
		}
	}
	for _, group := range s.suspects {
		for _, x := range group {
			m.recheck(s, x.name)
		}
	}
	s.suspects = nil
}
