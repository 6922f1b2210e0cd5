package model

// EgressHost is a pattern of the services that a proxy is told of.
type EgressHost struct {
	Namespace string // "*": every one
	Name      string // "*": every service; else short name or external host
}

// Sees tells whether a Sidecar lets the workload's proxy know the service. One
// without a Sidecar knows all.
func (w *Workload) Sees(s *Service) bool {
	if !w.Scoped {
		return true
	}
	for _, e := range w.Egress {
		if (e.Namespace == "*" || e.Namespace == s.Namespace) && (e.Name == "*" || e.Name == s.Name) {
			return true
		}
	}
	return false
}

// Scope returns the services that a workload's proxy needs clusters for, in the
// mesh's order: its upstreams as far as it sees them, and what their routes
// lead to and are mirrored to.
func (m *Mesh) Scope(w *Workload) []*Service {
	needed := map[*Service]bool{}
	for _, s := range m.Services {
		if !w.Calls(s) || !w.Sees(s) {
			continue
		}
		needed[s] = true
		for _, r := range s.RoutesOf(w) {
			for _, d := range r.Targets() {
				if to := m.Destination(s, d); to != nil {
					needed[to] = true
				}
			}
		}
	}
	var out []*Service
	for _, s := range m.Services {
		if needed[s] {
			out = append(out, s)
		}
	}
	return out
}

// Targets returns where calls and copies of them go.
func (r *Route) Targets() []Destination {
	out := r.Destinations[:len(r.Destinations):len(r.Destinations)]
	for _, mirror := range r.Mirrors {
		out = append(out, mirror.To)
	}
	return out
}
