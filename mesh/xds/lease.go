package xds

import "time"

// beatEvery is the interval of heartbeats: two may be lost.
func beatEvery(ttl time.Duration) time.Duration { return ttl / 3 }

// beatUntil is the age up to which a lease certainly lives in the proxy, whose
// own timer started later than ours. Beyond it the body is sent: Envoy rejects a
// heartbeat for what it dropped.
func beatUntil(ttl time.Duration) time.Duration { return ttl * 2 / 3 }

// lapse has the leases sent in full that may have run out.
func (m *machine) lapse(s *state) {
	for name, renewed := range s.leases {
		r, age := s.have[name], m.now.Sub(renewed)
		switch {
		case m.renews(s, r) && age >= beatUntil(r.TTL):
			s.owe(name)
		case !m.renews(s, r) && age >= r.TTL:
			s.lose(name)
			m.recheck(s, name)
		}
	}
}

// renews tells whether a lease is still wanted as it is. One that is not, but
// whose successor was rejected, is left to lapse.
func (m *machine) renews(s *state, r *Resource) bool {
	return same(r, m.snap.resource(s.url, r.Name))
}

// leaseDue is when something is to be done about a lease.
func (m *machine) leaseDue(s *state, r *Resource, renewed time.Time) time.Time {
	if m.renews(s, r) {
		return renewed.Add(beatEvery(r.TTL))
	}
	return renewed.Add(r.TTL)
}

// beats returns the leases to be renewed.
func (m *machine) beats(s *state) map[string]*Resource {
	items := map[string]*Resource{}
	for name, renewed := range s.leases {
		if r := s.have[name]; m.now.Sub(renewed) >= beatEvery(r.TTL) && m.renews(s, r) {
			items[name] = r
		}
	}
	return items
}
