package filexds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Change tells how one proxy took a change.
type Change struct {
	Proxy   string        // "mesh/cluster/namespace/instance"
	Runtime time.Duration // from the rename to the proxy's confirmation; 0: no difference
	Routes  time.Duration
	Away    bool  // it does not run: its files hold the change, and it starts with it
	Err     error // why it refused, or what it failed to say
}

// errAway tells a caller of the API what to do about a proxy that does not run,
// while others took the change.
var errAway = errors.New("the proxy does not run; its files hold the change, and it takes it when it starts")

// errNobody is why a change that no proxy could take was put back.
var errNobody = errors.New("no proxy of this change runs, so it was put back; start them and apply it again")

// rollOut brings all proxies to the state: runtime layers first, then routes,
// each step on all proxies at once. A proxy that does not run holds nobody back,
// since in an incident the limits of those that are left matter most: it carries
// no calls, and reads its files when it starts. But when one that runs does not
// confirm a step, or none runs, every file is put back and the state stays as it
// was; the changes say who refused. Only proxies whose files differ are in the
// list.
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
	if each(ctx, moves, (*move).runtime) && each(ctx, moves, (*move).routes) && anybody(moves) {
		for _, m := range moves {
			m.files = m.to
		}
		return true
	}
	why := reason(moves)
	for _, m := range moves {
		m.change.Away = false // its files no longer hold the change
		if m.change.Err == nil {
			m.change.Err = why
		}
	}
	// The way back must not end with the caller's patience.
	each(context.WithoutCancel(ctx), moves, (*move).restore)
	return false
}

// anybody tells whether one of the proxies runs. No proxy at all is none that
// is missing.
func anybody(moves []*move) bool {
	return len(moves) == 0 || slices.ContainsFunc(moves, func(m *move) bool { return !m.change.Away })
}

// reason tells those that took a change, or would have, why it was put back.
func reason(moves []*move) error {
	var names []string
	for _, m := range moves {
		if m.change.Err != nil {
			names = append(names, m.name)
		}
	}
	if len(names) == 0 {
		return errNobody
	}
	return fmt.Errorf("put back, because %s did not take the change", strings.Join(names, ", "))
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
			moves = append(moves, &move{proxy: x, to: to, patience: p.patience, change: Change{Proxy: x.name}})
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
