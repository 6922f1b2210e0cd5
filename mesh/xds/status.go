package xds

import "time"

// ProxyStatus says how far one proxy is.
type ProxyStatus struct {
	Proxy     string
	Connected bool
	Since     time.Time // connected or disconnected since; zero: never connected
	Wanted    uint64    // generation of the latest snapshot
	Types     []TypeStatus
	NACKs     []NACK    // that keep the proxy from the snapshot, oldest step first
	Rejected  uint64    // NACKs ever, retries included
	Stuck     bool      // a response is unanswered for AckTimeout
	StuckAt   time.Time // since when
}

// TypeStatus is the part about one type of resource.
type TypeStatus struct {
	Type  string // type URL
	Acked uint64 // latest generation of which the proxy has everything; 0: none
	Held  int    // resources the proxy acknowledged or reported
	Due   int    // names that are not as wanted
}

// Synced tells whether a connected proxy has all of the latest snapshot that it
// asked for.
func (p *ProxyStatus) Synced() bool {
	for _, t := range p.Types {
		if t.Acked != p.Wanted {
			return false
		}
	}
	return p.Connected && len(p.Types) > 0
}

// status fills in what the machine knows.
func (m *machine) status(p *ProxyStatus) {
	for _, s := range m.types {
		p.Types = append(p.Types, TypeStatus{Type: s.url, Acked: s.synced, Held: len(s.have), Due: s.missing()})
		if s.refusal != nil {
			p.NACKs = append(p.NACKs, *s.refusal)
		}
		if !s.stuck.IsZero() && (!p.Stuck || s.stuck.Before(p.StuckAt)) {
			p.Stuck, p.StuckAt = true, s.stuck
		}
	}
}

// missing counts the names on the way and those still to go.
func (s *state) missing() int {
	n := len(s.due)
	for _, group := range s.suspects {
		n += len(group)
	}
	if s.flight != nil && !s.flight.beat {
		n += len(s.flight.items)
	}
	return n
}
