package blockrelay

import (
	"context"
	"sync"
)

// rememberedTokens is how many blocks a receiver remembers: of a hundred senders
// with three tables each, those of the last minute.
const rememberedTokens = 20_000

// tokens remembers the blocks that were taken, so that one that is sent again
// costs nothing more, and keeps two copies of a block from going in side by side.
// It only saves work: the store drops what slips past it.
type tokens struct {
	mu     sync.Mutex
	taken  map[string]struct{}
	order  []string // of taken, a ring
	oldest int
	busy   map[string]chan struct{} // closed when the copy in hand is done with
}

func newTokens(capacity int) *tokens {
	return &tokens{
		taken: make(map[string]struct{}), order: make([]string, 0, capacity), busy: make(map[string]chan struct{}),
	}
}

// claim asks for a block's turn. It returns taken if the block is known to be
// durable; else the caller has the turn and must call settle. While another has
// it, claim waits.
func (t *tokens) claim(ctx context.Context, token string) (taken bool, err error) {
	for {
		t.mu.Lock()
		if _, ok := t.taken[token]; ok {
			t.mu.Unlock()
			return true, nil
		}
		other, ok := t.busy[token]
		if !ok {
			t.busy[token] = make(chan struct{})
			t.mu.Unlock()
			return false, nil
		}
		t.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// settle ends a turn. A block that was taken is remembered.
func (t *tokens) settle(token string, taken bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.busy[token])
	delete(t.busy, token)
	if taken {
		t.remember(token)
	}
}

// remember puts the token in place of the oldest, once there are as many as
// shall be.
func (t *tokens) remember(token string) {
	t.taken[token] = struct{}{}
	if len(t.order) < cap(t.order) {
		t.order = append(t.order, token)
		return
	}
	delete(t.taken, t.order[t.oldest])
	t.order[t.oldest] = token
	t.oldest = (t.oldest + 1) % len(t.order)
}
