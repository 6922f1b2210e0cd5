package rotation

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca/join"
)

// Status tells an operator where an exchange stands and what it waits for.
type Status struct {
	Phase  Phase
	Since  time.Time
	Bundle string // version
	Roots  []RootStatus
	Agents int // that hold a certificate, as far as is known
	// Behind are the agents that do not have the bundle in force yet.
	Behind []Agent
	// NotBefore is the earliest time of the next step; zero when stable.
	NotBefore time.Time
}

// RootStatus is one trusted root.
type RootStatus struct {
	Name     string
	Pin      string // SHA-256 of the certificate, as in join tokens
	NotAfter time.Time
	Signing  bool
}

// Status returns it.
func (m *Machine) Status() Status {
	m.mu.RLock()
	defer m.mu.RUnlock()
	now := m.now()
	s := Status{
		Phase: m.state.Phase, Since: m.state.Since, Bundle: m.authority.Bundle().Version(),
		Agents: m.roster.size(now), Behind: m.behind(now),
	}
	switch m.state.Phase {
	case Spreading:
		s.NotBefore = m.blind
	case Draining:
		s.NotBefore = m.state.Drained
	}
	for _, name := range m.state.Roots() {
		root := m.roots[name].Root()
		s.Roots = append(s.Roots, RootStatus{Name: name, Pin: join.Pin(root), NotAfter: root.NotAfter, Signing: name == m.state.Signing})
	}
	return s
}
