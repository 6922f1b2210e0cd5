package xds

// suspect is a resource, or a removal, in a rejected response.
type suspect struct {
	name     string
	resource *Resource // nil: removal
}

// refuse takes a rejection. Envoy may have applied any part of the response, and
// often does not name the bad one: a response of several resources is sent again
// in halves, one of a single resource is quarantined.
func (m *machine) refuse(s *state, f *flight, message string) {
	nack := &NACK{Type: s.url, Names: f.names(), Message: message, Generation: m.snap.Generation, At: m.now}
	if len(f.items) > 1 {
		s.refusal = nack
		m.bad.count(nack)
		s.suspects = append(halves(f), s.suspects...)
		return
	}
	if len(f.items) == 0 {
		m.bad.count(nack)
	}
	for name, r := range f.items {
		if r == nil {
			s.lose(name) // a removal: there is nothing to try
			m.bad.count(nack)
		} else {
			s.withdraw(name)
			m.bad.add(s.url, r, nack)
		}
		m.recheck(s, name)
	}
}

// halves splits a response: removals from the rest, then in the middle.
func halves(f *flight) [][]suspect {
	var removals, upserts []suspect
	for _, name := range f.names() {
		if r := f.items[name]; r == nil {
			removals = append(removals, suspect{name, nil})
		} else {
			upserts = append(upserts, suspect{name, r})
		}
	}
	switch {
	case len(upserts) == 0:
		return split(removals)
	case len(removals) == 0:
		return split(upserts)
	}
	return [][]suspect{removals, upserts}
}

func split(group []suspect) [][]suspect {
	middle := len(group) / 2
	return [][]suspect{group[:middle], group[middle:]}
}

// nextGroup returns the next group of suspects to be sent. Those that are not
// wanted any more, or must wait for a cluster, leave it for the usual way.
func (m *machine) nextGroup(s *state) map[string]*Resource {
	for len(s.suspects) > 0 {
		group := map[string]*Resource{}
		for _, x := range s.suspects[0] {
			r, act := m.decide(s, x.name)
			switch {
			case act == upsert && same(r, x.resource) && !m.lacks(r):
				group[x.name] = r
			case act == remove && x.resource == nil && !m.waits(s, x.name):
				group[x.name] = nil
			case act != settled:
				s.due[x.name] = struct{}{}
			}
		}
		s.suspects = s.suspects[1:]
		if len(group) > 0 {
			return group
		}
	}
	return nil
}
