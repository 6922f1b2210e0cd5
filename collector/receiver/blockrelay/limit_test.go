package blockrelay

import (
	"errors"
	"net"
	"testing"
)

// TestLimit opens more connections than are allowed: the next one waits until
// another ends.
func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 2)
	accepted := make(chan net.Conn, 10)
	ended := make(chan error, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- conn
		}
	}()
	for range 3 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first, second := <-accepted, <-accepted
	if len(l.slots) != 2 || len(accepted) != 0 {
		t.Fatalf("%d slots are taken, %d connections more", len(l.slots), len(accepted))
	}
	_ = first.Close()
	_ = first.Close() // twice gives one slot back
	third := <-accepted
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener ended with %v", err)
	}
	_, _ = second.Close(), third.Close()
	if len(l.slots) != 0 {
		t.Errorf("%d slots are taken at the end", len(l.slots))
	}
}

func TestBudgetAdds(t *testing.T) {
	b := &budget{max: 10}
	for _, step := range []struct {
		take int64
		want bool
	}{{4, true}, {6, true}, {1, false}, {0, true}} {
		if got := b.take(step.take); got != step.want {
			t.Errorf("take %d: %t, want %t", step.take, got, step.want)
		}
	}
	b.give(6)
	if !b.take(6) || b.held() != 10 {
		t.Errorf("%d held, want 10", b.held())
	}
}
