package ingest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func block(table string, seq uint64, size int) *sealed {
	return &sealed{table: table, seq: seq, rows: 1, body: make([]byte, size)}
}

func TestLogGivesBlocksInOrderByTable(t *testing.T) {
	l := newMemoryLog(100)
	for seq, table := range []string{"a", "b", "a", "b", "a"} {
		if err := l.Append(block(table, uint64(seq), 1)); err != nil {
			t.Fatal(err)
		}
	}
	for table, want := range map[string][]uint64{"a": {0, 2, 4}, "b": {1, 3}} {
		for _, seq := range want {
			b, err := l.Next(t.Context(), laneKey{table: table})
			if err != nil || b.seq != seq || b.table != table {
				t.Fatalf("Next(%s) = %+v, %v, want block %d", table, b, err, seq)
			}
		}
	}
}

func TestLogNextWaitsForABlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemoryLog(100)
		got := make(chan *sealed)
		go func() {
			b, _ := l.Next(t.Context(), laneKey{table: "a"})
			got <- b
		}()
		synctest.Wait()
		want := block("a", 1, 1)
		if err := l.Append(block("b", 2, 1)); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(want); err != nil {
			t.Fatal(err)
		}
		if b := <-got; b != want {
			t.Errorf("Next = %+v, want the block of its table", b)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.Next(ctx, laneKey{table: "a"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want that of the context", err)
		}
	})
}

func TestLogRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemoryLog(100)
		small, large := block("a", 1, 99), block("a", 2, 500)
		for _, b := range []*sealed{small, large} {
			if !l.HasRoom() {
				t.Fatalf("no room before block %d", b.seq)
			}
			if err := l.Append(b); err != nil { // 99 are less than 100: the large one is taken
				t.Fatal(err)
			}
		}
		room := make(chan error, 1)
		go func() { room <- l.WaitRoom(t.Context()) }()
		l.Done(small)
		synctest.Wait()
		if l.HasRoom() || len(room) != 0 {
			t.Error("room although 500 bytes of 100 are pending")
		}
		l.Done(large)
		l.Done(large)
		if err := <-room; err != nil || !l.HasRoom() {
			t.Errorf("error = %v, room %t after everything is done", err, l.HasRoom())
		}
		if blocks, rows, bytes := l.Pending(); blocks != 0 || rows != 0 || bytes != 0 {
			t.Errorf("%d blocks, %d rows, %d bytes pending, want none", blocks, rows, bytes)
		}
	})
}

// TestLogWaitDone: only the blocks appended before count, in whatever order
// they are done.
func TestLogWaitDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemoryLog(1000)
		first, second := block("a", 1, 1), block("b", 2, 1)
		l.Append(first)
		l.Append(second)
		n := l.Appended()
		l.Append(block("a", 3, 1))
		done := make(chan error, 1)
		go func() { done <- l.WaitDone(t.Context(), n) }()
		l.Done(second)
		synctest.Wait()
		if len(done) != 0 {
			t.Fatal("WaitDone returned while the first block is open")
		}
		l.Done(first)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestLogClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemoryLog(1)
		open, done := block("a", 1, 10), block("a", 2, 10)
		l.Append(open)
		l.Append(done)
		l.Done(done)
		room := make(chan error, 1)
		go func() { room <- l.WaitRoom(t.Context()) }()
		synctest.Wait()
		if lost := l.Close(); len(lost) != 1 || lost[0] != open {
			t.Errorf("Close = %v, want the open block", lost)
		}
		if err := <-room; !errors.Is(err, errClosed) {
			t.Errorf("error = %v for who waited, want errClosed", err)
		}
		if err := l.Append(block("a", 3, 1)); !errors.Is(err, errClosed) || l.HasRoom() {
			t.Errorf("error = %v, room %t after Close", err, l.HasRoom())
		}
		if lost := l.Close(); lost != nil {
			t.Errorf("second Close = %v, want nothing", lost)
		}
	})
}
