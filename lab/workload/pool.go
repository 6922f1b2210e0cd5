package workload

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

var errQueueFull = errors.New("queue is full")

// pool hands a bounded number of workers to calls in the order of their coming.
type pool struct {
	mu      sync.Mutex
	workers int
	busy    int
	queue   int       // most that may wait
	waiting list.List // of chan struct{}: closed when a worker is handed over
}

func newPool(workers, queue int) *pool { return &pool{workers: workers, queue: queue} }

// acquire takes a worker, waiting for one if need be. It returns errQueueFull,
// or the context's error when that ends the wait.
func (p *pool) acquire(ctx context.Context) error {
	p.mu.Lock()
	if p.busy < p.workers { // then nobody waits
		p.busy++
		p.mu.Unlock()
		return nil
	}
	if p.waiting.Len() >= p.queue {
		p.mu.Unlock()
		return errQueueFull
	}
	ready := make(chan struct{})
	place := p.waiting.PushBack(ready)
	p.mu.Unlock()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return p.leave(ctx, place, ready)
	}
}

// leave takes a call out of the queue, or gives its worker back if it has just
// got one.
func (p *pool) leave(ctx context.Context, place *list.Element, ready chan struct{}) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-ready:
		p.busy--
		p.hand()
	default:
		p.waiting.Remove(place)
	}
	return ctx.Err()
}

func (p *pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.hand()
}

// resize sets the number of workers; those too many finish what they have.
func (p *pool) resize(workers int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.workers = workers
	p.hand()
}

// hand gives free workers to those who wait longest.
func (p *pool) hand() {
	for p.busy < p.workers && p.waiting.Len() > 0 {
		ready := p.waiting.Remove(p.waiting.Front()).(chan struct{})
		p.busy++
		close(ready)
	}
}

// gauges returns how many calls are served and how many wait.
func (p *pool) gauges() (busy, queued int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy, p.waiting.Len()
}
