package ingest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

func commit(t *testing.T, p *Pipeline) {
	t.Helper()
	if err := p.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCommitMakesRowsDurable without waiting for the store.
func TestCommitMakesRowsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l, _ := startedOver(t, &fakeStore{answer: func(*sealed) error { return errDown }}, Config{BlockAge: time.Hour})
		add(p, 3)
		p.Span(&record.Span{})
		p.Log(&record.Log{})
		commit(t, p)
		if _, rows, _ := l.Pending(); rows != 5 {
			t.Errorf("%d rows in the log, want 5", rows)
		}
		commit(t, p) // nothing is open
		if len(l.tables) != 3 {
			t.Errorf("blocks %v, want one a table", l.tables)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = p.Shutdown(ctx)
	})
}

// TestCommitsShareARound: many callers at once make one block, and no one waits
// longer than commitGap.
func TestCommitsShareARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l, _ := startedOver(t, &fakeStore{}, Config{BlockAge: time.Hour})
		commit(t, p)
		start := time.Now()
		var callers sync.WaitGroup
		for i := range 50 {
			callers.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				begin := time.Now()
				p.Span(&record.Span{})
				commit(t, p)
				if waited := time.Since(begin); waited > commitGap {
					t.Errorf("caller %d waited %s", i, waited)
				}
			})
		}
		callers.Wait()
		if len(l.tables) != 1 || time.Since(start) != commitGap {
			t.Errorf("%d blocks after %s, want one after %s", len(l.tables), time.Since(start), commitGap)
		}
		shutdown(t, p)
	})
}

// TestFirstCommitIsImmediate: company is only waited for when there is some.
func TestFirstCommitIsImmediate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, _ := startedOver(t, &fakeStore{}, Config{BlockAge: time.Hour})
		for range 3 {
			time.Sleep(commitGap)
			begin := time.Now()
			commit(t, p)
			if waited := time.Since(begin); waited != 0 {
				t.Errorf("waited %s", waited)
			}
		}
		shutdown(t, p)
	})
}

// TestCommitWaitsForTheDisk until its context ends.
func TestCommitWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l, _ := startedOver(t, &fakeStore{}, Config{BlockAge: time.Hour})
		l.setFail(full)
		add(p, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Commit(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errFull) {
			t.Errorf("error = %v, want the deadline and the reason", err)
		}
		if l.tries > 12 {
			t.Errorf("%d tries in a second", l.tries)
		}
		done := make(chan error, 1)
		go func() { done <- p.Commit(t.Context()) }()
		time.Sleep(time.Second)
		l.setFail(nil)
		if err := <-done; err != nil {
			t.Error(err)
		}
		shutdown(t, p)
	})
}

// TestCommitOfAHurriedCallerServesTheOthers: the caller that runs a round may
// give up, its round may not.
func TestCommitOfAHurriedCallerServesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l, _ := startedOver(t, &fakeStore{}, Config{BlockAge: time.Hour})
		commit(t, p)
		add(p, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		first := make(chan error, 1)
		go func() { first <- p.Commit(ctx) }()
		synctest.Wait()
		commit(t, p) // joins
		if err := <-first; err != nil || len(l.tables) != 1 {
			t.Errorf("first caller %v, blocks %v", err, l.tables)
		}
		shutdown(t, p)
	})
}

func TestCommitAfterShutdown(t *testing.T) {
	p, _ := started(t, &fakeStore{}, Config{})
	shutdown(t, p)
	if err := p.Commit(t.Context()); err != nil {
		t.Errorf("with nothing open: %v", err)
	}
	add(p, 1)
	if s := p.Stats().Tables["requests"]; s.LostRows != 1 {
		t.Errorf("stats = %+v, want the row counted as lost", s)
	}
}
