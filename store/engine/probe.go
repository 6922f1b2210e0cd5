package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// probing says how a child is watched. The bounds are wide: a busy machine must
// not make a slow engine pass for a dead one.
type probing struct {
	pause  time.Duration // between two probes
	limit  time.Duration // for the answer to one
	misses int           // so many in a row, and the child is killed
}

func defaultProbing() probing {
	return probing{pause: 5 * time.Second, limit: 10 * time.Second, misses: 3}
}

// Stats count what happened to the children of a Supervisor.
type Stats struct {
	Restarts uint64 // children started after the first
	Hung     uint64 // of those that went before, how many were killed because they did not answer
}

// counters are the Stats while they are counted.
type counters struct{ starts, hung atomic.Uint64 }

// Stats returns the counts up to now.
func (s *Supervisor) Stats() Stats {
	return Stats{Restarts: max(s.counters.starts.Load(), 1) - 1, Hung: s.counters.hung.Load()}
}

// watch probes a child until ctx ends, and kills it when it lives without
// answering. What it had accepted is lost with it; clients send again.
func (s *Supervisor) watch(ctx context.Context, c *child) {
	missed := 0
	for missed < s.probing.misses {
		sleep(ctx, s.probing.pause)
		probe, cancel := context.WithTimeout(ctx, s.probing.limit)
		err := ask(probe, s.config.Socket, "/probe")
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			missed = 0
			continue
		}
		missed++
		s.logger.Warn("engine misses a probe", "pid", c.pid, "missed", missed, "error", err)
	}
	hung := s.counters.hung.Add(1)
	s.logger.Error("engine hangs and is killed", "pid", c.pid, "missed", missed, "hung", hung)
	c.kill()
}
