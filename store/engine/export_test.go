package engine

import "time"

// ProbeFast makes a supervisor judge its child within a second.
func (s *Supervisor) ProbeFast() {
	s.probing = probing{pause: 20 * time.Millisecond, limit: 200 * time.Millisecond, misses: 3}
}
