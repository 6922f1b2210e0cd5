package blockrelay

import (
	"context"
	"sync"
	"time"
)

// gateEvery is how far the beginnings of two flushes lie apart at least. Senders
// make a heartbeat each second; all of them share a flush.
const gateEvery = time.Second

// gate lets callers pass when everything that the store took before they came is
// stored.
type gate struct {
	flush func(context.Context) error

	mu   sync.Mutex
	next *passage // takes callers; nil: the next one begins one
	last time.Time
}

// passage is one flush and those who wait for it.
type passage struct {
	done chan struct{}
	err  error // valid when done is closed
}

// pass waits for a flush that begins after the call.
func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	p, first := g.next, g.next == nil
	if first {
		p = &passage{done: make(chan struct{})}
		g.next = p
	}
	wait := time.Until(g.last.Add(gateEvery))
	g.mu.Unlock()
	if first {
		return g.run(ctx, p, wait)
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run waits for company and flushes. The first caller does it for all; if it
// leaves, the others fail with it and come again.
func (g *gate) run(ctx context.Context, p *passage, wait time.Duration) error {
	defer close(p.done)
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			p.err = ctx.Err()
		}
	}
	g.mu.Lock()
	g.next, g.last = nil, time.Now()
	g.mu.Unlock()
	if p.err == nil {
		p.err = g.flush(ctx)
	}
	return p.err
}
