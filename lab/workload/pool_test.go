package workload

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// queueUp starts n calls one after the other, so that their order is known; each
// adds its number to the result when it gets a worker.
func queueUp(ctx context.Context, p *pool, got chan<- int, n int) {
	for i := range n {
		go func() {
			if p.acquire(ctx) == nil {
				got <- i
			} else {
				got <- -1
			}
		}()
		synctest.Wait()
	}
}

func drain(got <-chan int) (all []int) {
	for {
		select {
		case i := <-got:
			all = append(all, i)
		default:
			return all
		}
	}
}

func TestPoolIsFIFO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2, 10)
		got := make(chan int, 10)
		queueUp(t.Context(), p, got, 6)
		if first := drain(got); !slices.Equal(first, []int{0, 1}) {
			t.Errorf("%v got the two workers", first)
		}
		if busy, queued := p.gauges(); busy != 2 || queued != 4 {
			t.Errorf("%d busy, %d queued, want 2 and 4", busy, queued)
		}
		for want := 2; want < 6; want++ {
			p.release()
			synctest.Wait()
			if next := drain(got); !slices.Equal(next, []int{want}) {
				t.Errorf("%v got the free worker, want %d", next, want)
			}
		}
	})
}

func TestPoolFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 2)
		got := make(chan int, 10)
		queueUp(t.Context(), p, got, 3)
		if err := p.acquire(t.Context()); !errors.Is(err, errQueueFull) {
			t.Errorf("a call too many got %v", err)
		}
		for range 3 {
			p.release()
			synctest.Wait()
		}
		if err := p.acquire(t.Context()); err != nil {
			t.Errorf("an idle pool says %v", err)
		}
	})
}

func TestPoolWithoutQueue(t *testing.T) {
	p := newPool(1, 0)
	if err := p.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.acquire(t.Context()); !errors.Is(err, errQueueFull) {
		t.Errorf("got %v, want a full queue", err)
	}
}

// TestPoolLeave: a call that gives up makes room in the queue and takes no
// worker.
func TestPoolLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 2)
		got := make(chan int, 10)
		queueUp(t.Context(), p, got, 1)
		ctx, cancel := context.WithCancel(t.Context())
		queueUp(ctx, p, got, 1)
		cancel()
		synctest.Wait()
		if left := drain(got); !slices.Equal(left, []int{0, -1}) {
			t.Errorf("%v, want one worker and one that left", left)
		}
		if busy, queued := p.gauges(); busy != 1 || queued != 0 {
			t.Errorf("%d busy, %d queued, want 1 and 0", busy, queued)
		}
	})
}

// TestPoolLeaveWithWorker: a call that gives up just as it gets a worker hands
// it on.
func TestPoolLeaveWithWorker(t *testing.T) {
	p := newPool(1, 2)
	if err := p.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	place := p.waiting.PushBack(ready)
	p.release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.leave(ctx, place, ready); !errors.Is(err, context.Canceled) {
		t.Errorf("leave says %v", err)
	}
	if busy, queued := p.gauges(); busy != 0 || queued != 0 {
		t.Errorf("%d busy, %d queued, want none", busy, queued)
	}
}

func TestPoolResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 10)
		got := make(chan int, 10)
		queueUp(t.Context(), p, got, 5)
		drain(got)
		p.resize(3)
		synctest.Wait()
		if more := drain(got); len(more) != 2 {
			t.Errorf("two more workers took %v", more)
		}
		p.resize(1)
		for range 2 { // those too many finish, and take nothing new
			p.release()
			synctest.Wait()
			if more := drain(got); len(more) != 0 {
				t.Errorf("a worker too many took %v", more)
			}
		}
		p.release()
		synctest.Wait()
		if more := drain(got); len(more) != 1 {
			t.Errorf("the worker left took %v", more)
		}
	})
}
