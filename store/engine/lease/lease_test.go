package lease_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/lease"
)

// thing counts how often it was closed.
type thing struct{ closed atomic.Int32 }

func (c *thing) Close() { c.closed.Add(1) }

func opener(c *thing) func() (*thing, error) {
	return func() (*thing, error) { return c, nil }
}

func take(t *testing.T, r *lease.Registry[*thing], name string, open func() (*thing, error)) *lease.Lease[*thing] {
	t.Helper()
	l, err := r.Take(name, open)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTakeGivesTheSameValueAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := lease.New[*thing](1)
		first := &thing{}
		take(t, r, "a", opener(first)).Keep(time.Minute)
		time.Sleep(59 * time.Second)
		l := take(t, r, "a", func() (*thing, error) { return nil, errors.New("opened a second time") })
		if l.Value() != first || first.closed.Load() != 0 {
			t.Errorf("value = %p, closed %d times, want the first", l.Value(), first.closed.Load())
		}
		l.End()
	})
}

func TestValueEndsWhenNobodyTakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := lease.New[*thing](1)
		c := &thing{}
		take(t, r, "a", opener(c)).Keep(time.Minute)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if c.closed.Load() != 1 || r.Len() != 0 {
			t.Errorf("closed %d times, %d kept, want it ended", c.closed.Load(), r.Len())
		}
		if _, err := r.Take("a", nil); !errors.Is(err, lease.ErrMissing) {
			t.Errorf("error = %v, want ErrMissing", err)
		}
	})
}

func TestHolderIsNeverTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := lease.New[*thing](1)
		c := &thing{}
		take(t, r, "a", opener(c)).Keep(time.Second)
		l := take(t, r, "a", nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		if c.closed.Load() != 0 {
			t.Error("closed under its holder")
		}
		l.Keep(time.Second)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if c.closed.Load() != 1 {
			t.Errorf("closed %d times, want once", c.closed.Load())
		}
	})
}

func TestTakeRefuses(t *testing.T) {
	r := lease.New[*thing](2)
	held := take(t, r, "held", opener(&thing{}))
	take(t, r, "kept", opener(&thing{})).Keep(time.Hour)
	tests := []struct {
		name string
		open func() (*thing, error)
		want error
		text string
	}{
		{"held", opener(&thing{}), lease.ErrBusy, `session "held" is held by a concurrent client`},
		{"held", nil, lease.ErrBusy, ""},
		{"new", nil, lease.ErrMissing, `session "new" does not exist`},
		{"new", opener(&thing{}), lease.ErrFull, `session "new" would be one too many: 2 are open`},
	}
	for _, tt := range tests {
		_, err := r.Take(tt.name, tt.open)
		if !errors.Is(err, tt.want) || tt.text != "" && err.Error() != tt.text {
			t.Errorf("Take(%q) = %v, want %v", tt.name, err, tt.want)
		}
	}
	held.End()
	take(t, r, "new", opener(&thing{})).End()
	r.Close()
}

func TestFailedOpenLeavesNothing(t *testing.T) {
	r := lease.New[*thing](1)
	broken := errors.New("no engine")
	if _, err := r.Take("a", func() (*thing, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("error = %v, want %v", err, broken)
	}
	take(t, r, "a", opener(&thing{})).End()
	if r.Len() != 0 {
		t.Errorf("%d values kept, want none", r.Len())
	}
}

func TestCloseEndsWhatIsKeptAndLeavesWhatIsHeld(t *testing.T) {
	r := lease.New[*thing](3)
	kept, held, ended := &thing{}, &thing{}, &thing{}
	take(t, r, "kept", opener(kept)).Keep(time.Hour)
	heldLease, endedLease := take(t, r, "held", opener(held)), take(t, r, "ended", opener(ended))
	r.Close()
	if kept.closed.Load() != 1 || held.closed.Load() != 0 {
		t.Errorf("kept closed %d times, held %d, want 1 and 0", kept.closed.Load(), held.closed.Load())
	}
	heldLease.Keep(time.Hour)
	endedLease.End()
	for name, c := range map[string]*thing{"held": held, "ended": ended} {
		if c.closed.Load() != 1 {
			t.Errorf("%s closed %d times, want once", name, c.closed.Load())
		}
	}
	if _, err := r.Take("late", opener(&thing{})); !errors.Is(err, lease.ErrClosed) {
		t.Errorf("Take after Close: %v, want ErrClosed", err)
	}
}

// TestOneHolderAtATime lets many take one name.
func TestOneHolderAtATime(t *testing.T) {
	r := lease.New[*thing](4)
	var holders, most atomic.Int32
	done := make(chan error)
	for i := range 8 {
		go func() {
			for range 200 {
				l, err := r.Take(fmt.Sprint(i%2), opener(&thing{}))
				if errors.Is(err, lease.ErrBusy) {
					continue
				}
				if err != nil {
					done <- err
					return
				}
				most.Store(max(most.Load(), holders.Add(1)))
				holders.Add(-1)
				l.Keep(time.Hour)
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() > 2 {
		t.Errorf("%d holders of two names at once", most.Load())
	}
	r.Close()
}
