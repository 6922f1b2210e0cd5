package alert

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// Dependency is how much of a service's failures comes from one that it calls.
type Dependency struct {
	Caller, Callee string  // services
	Share          float64 // of the caller's failures, those in which a call to the callee failed; 0 to 1
}

// Dependencies tells who depends on whom as of a time.
type Dependencies func(ctx context.Context, at time.Time) ([]Dependency, error)

// mutingShare is the share of a service's failures that a dependency must
// account for, to speak for it.
const mutingShare = 0.5

// muter decides which incidents nobody is told of, because another one, or a
// person, has said what there is to say.
type muter struct {
	silences []Silence
	open     []Incident          // those that fire, the new ones too
	callees  map[string][]string // of a service: those that account for its failures, the gravest first
}

func newMuter(silences []Silence, open []Incident, dependencies []Dependency) muter {
	m := muter{silences: silences, open: open, callees: map[string][]string{}}
	slices.SortFunc(m.open, func(a, b Incident) int { return cmp.Or(a.FiredAt.Compare(b.FiredAt), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(dependencies, func(a, b Dependency) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Callee, b.Callee))
	})
	for _, d := range dependencies {
		if d.Share >= mutingShare && d.Caller != d.Callee {
			m.callees[d.Caller] = append(m.callees[d.Caller], d.Callee)
		}
	}
	return m
}

// reason says why an incident is muted as of a time; "" if it is not. A ticket
// is muted by a page of its SLO, any incident by a page of a service that it
// depends on, and both by a silence.
func (m muter) reason(in Incident, at time.Time) string {
	for _, s := range m.silences {
		if s.matches(in) && s.Active(at) {
			return "silence " + s.ID
		}
	}
	if in.Severity == slo.Ticket {
		for _, other := range m.open {
			if other.SLO == in.SLO && other.Severity == slo.Page {
				return fmt.Sprintf("incident %s: the page of the same SLO", other.ID)
			}
		}
	}
	if root, ok := m.root(in.Service, map[string]bool{}); ok {
		return fmt.Sprintf("incident %s: %s depends on %s", root.ID, in.Service, root.Service)
	}
	return ""
}

// root follows the failures of a service down to the last one that has an open
// page which speaks for it. Services on the way are not visited twice, so that
// of a circle one stays loud.
func (m muter) root(service string, visited map[string]bool) (Incident, bool) {
	visited[service] = true
	for _, callee := range m.callees[service] {
		if visited[callee] {
			continue
		}
		page, paging := m.page(callee)
		if !paging || m.first(callee, service) {
			continue
		}
		if deeper, ok := m.root(callee, visited); ok {
			return deeper, true
		}
		return page, true
	}
	return Incident{}, false
}

// first breaks circles: of two services that depend on each other, the one that
// fired first speaks for both. It tells whether that is caller.
func (m muter) first(callee, caller string) bool {
	if !slices.Contains(m.callees[callee], caller) {
		return false
	}
	for _, in := range m.open {
		if in.Severity == slo.Page && (in.Service == callee || in.Service == caller) {
			return in.Service == caller
		}
	}
	return false
}

// page returns the first open page of a service.
func (m muter) page(service string) (Incident, bool) {
	i := slices.IndexFunc(m.open, func(in Incident) bool { return in.Service == service && in.Severity == slo.Page })
	if i < 0 {
		return Incident{}, false
	}
	return m.open[i], true
}
