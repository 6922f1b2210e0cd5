package rotation

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// maxCopies bounds how many agents may hold certificates of one identity at a
// time, since they choose their names.
const maxCopies = 500

// Agent is one copy of a workload.
type Agent struct {
	Identity ca.Identity
	Name     string // chosen by the agent
}

// String is for people.
func (a Agent) String() string { return a.Identity.String() + " " + a.Name }

// roster knows the agents that hold a certificate, and which bundle each has in
// force.
type roster struct {
	mu     sync.Mutex
	agents map[Agent]holding
	copies map[ca.Identity]int
}

type holding struct {
	until   time.Time // end of its last certificate
	inForce string    // version of its bundle, as it said; "": not said
}

func newRoster() *roster {
	return &roster{agents: map[Agent]holding{}, copies: map[ca.Identity]int{}}
}

// admit makes room for a certificate that ends at until.
func (r *roster) admit(a Agent, until, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, known := r.agents[a]
	if !known && r.copies[a.Identity] >= maxCopies {
		r.forget(now)
		if r.copies[a.Identity] >= maxCopies {
			return ca.Refuse(ca.ReasonRate, "%d copies of %s hold certificates", maxCopies, a.Identity)
		}
	}
	if !known {
		r.copies[a.Identity]++
	}
	if until.After(h.until) {
		h.until = until
	}
	r.agents[a] = h
	return nil
}

// acknowledge takes note of what an agent has in force. One that is not known,
// since the authority was started anew, becomes known.
func (r *roster) acknowledge(a Agent, version string, until, now time.Time) error {
	if err := r.admit(a, until, now); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.agents[a]
	h.inForce = version
	r.agents[a] = h
	return nil
}

// behind lists the agents that have another bundle in force, sorted.
func (r *roster) behind(version string, now time.Time) []Agent {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	var out []Agent
	for a, h := range r.agents {
		if h.inForce != version {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b Agent) int { return cmp.Compare(a.String(), b.String()) })
	return out
}

func (r *roster) size(now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	return len(r.agents)
}

// forget drops agents whose certificates are over.
func (r *roster) forget(now time.Time) {
	for a, h := range r.agents {
		if now.After(h.until.Add(ca.Skew)) {
			delete(r.agents, a)
			if r.copies[a.Identity]--; r.copies[a.Identity] == 0 {
				delete(r.copies, a.Identity)
			}
		}
	}
}
