package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// commitGap is how far the beginnings of two rounds of Commit lie apart at
// least. Callers that come in between share the next one, so that many small
// messages do not make as many small blocks.
const commitGap = 100 * time.Millisecond

// commits groups the callers of Commit into rounds. A round is run by its first
// caller.
type commits struct {
	mu    sync.Mutex
	next  *round // takes callers; nil: the next caller begins one
	begun time.Time
}

type round struct {
	done chan struct{}
	err  error // valid when done is closed
}

// Commit waits until everything handed over before the call is as durable as
// the log is: written and synced, if the log has a directory. While the log
// does not take blocks, as on a full disk, it tries again until the context
// ends.
func (p *Pipeline) Commit(ctx context.Context) error {
	for {
		err := p.commits.join(ctx, p.tables.sealAll)
		if err == nil || errors.Is(err, errClosed) {
			return wrapCommit(err)
		}
		if ctx.Err() != nil {
			return wrapCommit(errors.Join(ctx.Err(), err))
		}
	}
}

func wrapCommit(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("committing rows: %w", err)
}

// join takes part in a round that has not begun to seal, and returns its
// result.
func (c *commits) join(ctx context.Context, seal func() error) error {
	c.mu.Lock()
	r, first := c.next, c.next == nil
	if first {
		r = &round{done: make(chan struct{})}
		c.next = r
	}
	c.mu.Unlock()
	if first {
		return c.run(ctx, r, seal)
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run waits for company and seals. A first caller in a hurry runs the round
// early, since the others rely on it.
func (c *commits) run(ctx context.Context, r *round, seal func() error) error {
	c.mu.Lock()
	wait := time.Until(c.begun.Add(commitGap))
	c.mu.Unlock()
	if wait > 0 {
		_ = sleep(ctx, wait)
	}
	c.mu.Lock()
	c.next, c.begun = nil, time.Now()
	c.mu.Unlock()
	r.err = seal()
	close(r.done)
	return r.err
}
