package blockrelay

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestGateSharesFlushes sends a heartbeat each 10 ms: there is one flush a
// second, and nobody passes on a flush that began before it came.
func TestGateSharesFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var begun []time.Time
		g := &gate{flush: func(context.Context) error {
			mu.Lock()
			begun = append(begun, time.Now())
			mu.Unlock()
			time.Sleep(300 * time.Millisecond)
			return nil
		}}
		var callers sync.WaitGroup
		for range 500 {
			came := time.Now()
			callers.Go(func() {
				if err := g.pass(context.Background()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, b := range begun {
					if !b.Before(came) && time.Since(b) >= 300*time.Millisecond {
						return
					}
				}
				t.Errorf("who came at %v passed without a flush of its own time", came)
			})
			time.Sleep(10 * time.Millisecond)
		}
		callers.Wait()
		if n := len(begun); n < 5 || n > 7 {
			t.Errorf("%d flushes in five seconds, want one a second", n)
		}
		for i := 1; i < len(begun); i++ {
			if gap := begun[i].Sub(begun[i-1]); gap < gateEvery {
				t.Errorf("flush %d begins %v after the one before", i, gap)
			}
		}
	})
}

func TestGateFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("not stored")
		g := &gate{flush: func(context.Context) error { return broken }}
		if err := g.pass(t.Context()); !errors.Is(err, broken) {
			t.Errorf("got error %v", err)
		}
		g.flush = func(context.Context) error { return nil }
		if err := g.pass(t.Context()); err != nil {
			t.Errorf("the next caller fails with %v", err)
		}
	})
}

// TestGateCallersLeave cancels who waits for company, and who waits for a flush.
func TestGateCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{flush: func(context.Context) error { return nil }, last: time.Now()}
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for range 2 {
			go func() { errs <- g.pass(ctx) }()
		}
		synctest.Wait()
		cancel()
		for range 2 {
			if err := <-errs; !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v", err)
			}
		}
		if err := g.pass(t.Context()); err != nil {
			t.Errorf("the next caller fails with %v", err)
		}
	})
}
