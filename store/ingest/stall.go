package ingest

import (
	"context"
	"sync"
	"sync/atomic"
)

// stall makes callers wait while the log does not take blocks, as it does on a
// full disk.
type stall struct {
	builders atomic.Int64 // that hold a block which the log did not take

	mu   sync.Mutex
	over chan struct{} // closed when there is none any more; nil if none waits
}

func (s *stall) active() bool { return s.builders.Load() > 0 }

func (s *stall) begin() { s.builders.Add(1) }

func (s *stall) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.builders.Add(-1) == 0 && s.over != nil {
		close(s.over)
		s.over = nil
	}
}

// wait returns when no builder is stalled or the context ends.
func (s *stall) wait(ctx context.Context) error {
	s.mu.Lock()
	if !s.active() {
		s.mu.Unlock()
		return nil
	}
	if s.over == nil {
		s.over = make(chan struct{})
	}
	over := s.over
	s.mu.Unlock()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
