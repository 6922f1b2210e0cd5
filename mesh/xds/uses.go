package xds

// lacks tells whether a resource refers to a cluster that is served to this
// proxy but not there yet: Envoy would take the route and answer 503.
func (m *machine) lacks(r *Resource) bool {
	clusters := m.state(ClusterType)
	if clusters == nil || !clusters.wildcard {
		return false
	}
	for _, name := range r.references().clusters {
		if m.snap.resource(ClusterType, name) == nil {
			continue // not ours to serve: from the bootstrap, or an error of the snapshot
		}
		if clusters.have[name] == nil || clusters.leaving(name) {
			return true
		}
	}
	return false
}

// waits tells whether the removal of a name belongs to the last step. A name
// that the proxy asks for is answered at once.
func (m *machine) waits(s *state, name string) bool {
	switch s.url {
	case ClusterType:
		return s.have[name] != nil || s.offered[name] != nil
	case EndpointType:
		return !s.owes(name)
	}
	return false
}

// inUse returns the names that may not be removed. "*" stands for all: the proxy
// has a route or listener whose content is not known here.
func (m *machine) inUse(url string) map[string]bool {
	used := map[string]bool{}
	switch url {
	case ClusterType:
		m.collect(ListenerType, used, func(r *references) []string { return r.clusters })
		m.collect(RouteType, used, func(r *references) []string { return r.clusters })
	case EndpointType:
		m.collect(ClusterType, used, func(r *references) []string { return r.children })
	}
	return used
}

// collect adds what the proxy's resources of a type refer to, those included
// that it may have.
func (m *machine) collect(url string, used map[string]bool, names func(*references) []string) {
	s := m.state(url)
	if s == nil {
		return
	}
	for _, resources := range []map[string]*Resource{s.have, s.offered, s.doubted} {
		for _, r := range resources {
			if r.reported() {
				used[everything] = true
			}
			for _, name := range names(r.references()) {
				used[name] = true
			}
		}
	}
}
