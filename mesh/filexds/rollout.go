package filexds

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Change tells how one proxy took a change.
type Change struct {
	Proxy   string        // node id
	Runtime time.Duration // from the rename to the proxy's confirmation; 0: no difference
	Routes  time.Duration
	Err     error // why it refused, or did not answer
}

// errPutBack is the Err of a proxy that took a change which another refused.
var errPutBack = errors.New("put back, because another proxy did not take the change")

// rollOut brings all proxies to the state: runtime layers first, then routes,
// each step on all proxies at once. When not all proxies confirm a step, every
// file is put back and the state stays as it was; the changes say who refused.
// Only proxies whose files differ are in the list.
func (p *Plane) rollOut(ctx context.Context, next state) ([]Change, error) {
	moves, err := p.moves(next)
	if err != nil {
		return nil, err
	}
	if commit(ctx, moves) {
		p.state = next
	}
	changes := make([]Change, len(moves))
	for i, m := range moves {
		changes[i] = m.change
	}
	return changes, nil
}

// commit takes all moves or none, and tells which.
func commit(ctx context.Context, moves []*move) bool {
	if each(ctx, moves, (*move).runtime) && each(ctx, moves, (*move).routes) {
		for _, m := range moves {
			m.files = m.to
		}
		return true
	}
	for _, m := range moves {
		if m.change.Err == nil {
			m.change.Err = errPutBack
		}
	}
	// The way back must not end with the caller's patience.
	each(context.WithoutCancel(ctx), moves, (*move).restore)
	return false
}

// moves lists the proxies whose files the state changes.
func (p *Plane) moves(next state) ([]*move, error) {
	var moves []*move
	for _, x := range p.proxies {
		to, err := p.render(next, x.workload, x.paths)
		if err != nil {
			return nil, err
		}
		if !x.files.same(to) {
			moves = append(moves, &move{proxy: x, to: to, patience: p.patience, change: Change{Proxy: x.id}})
		}
	}
	return moves, nil
}

// each takes a step with all moves at once, keeps their errors, and tells
// whether there are none.
func each(ctx context.Context, moves []*move, step func(*move, context.Context) error) bool {
	var wait sync.WaitGroup
	for _, m := range moves {
		wait.Go(func() { m.change.Err = errors.Join(m.change.Err, step(m, ctx)) })
	}
	wait.Wait()
	for _, m := range moves {
		if m.change.Err != nil {
			return false
		}
	}
	return true
}
