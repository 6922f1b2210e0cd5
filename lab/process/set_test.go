package process

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestClosedSetStartsNothing: a child that is to be started while the lab stops
// is refused, not left behind.
func TestClosedSetStartsNothing(t *testing.T) {
	set := NewSet()
	set.Close()
	set.Close() // again: nothing to do
	if _, err := set.Start(shell(t, "sleep 1000")); !errors.Is(err, ErrClosed) || err.Error() != "starting child: the lab is being stopped" {
		t.Errorf("got %v", err)
	}
}

// TestStartWhileClosing: whatever the order, each start is refused or its child
// is stopped.
func TestStartWhileClosing(t *testing.T) {
	set := NewSet()
	var starts sync.WaitGroup
	children := make([]*Process, 8)
	for i := range children {
		spec := shell(t, "sleep 1000")
		starts.Go(func() {
			p, err := set.Start(spec)
			if err != nil && !errors.Is(err, ErrClosed) {
				t.Errorf("start: %v", err)
			}
			children[i] = p
		})
	}
	set.Close()
	starts.Wait()
	for _, p := range children {
		if p != nil {
			<-p.Done()
			if p.Err() != nil {
				t.Errorf("a stopped child is reported: %v", p.Err())
			}
		}
	}
	if n := len(set.Pids()); n != 0 {
		t.Errorf("%d children are left", n)
	}
}

// TestFirstFailureCounts: one is enough to end a run, more do not block.
func TestFirstFailureCounts(t *testing.T) {
	set := newSet(t)
	for range 3 {
		p, err := set.Start(shell(t, "exit 4"))
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
	}
	if err := <-set.Failed(); err == nil || !strings.Contains(err.Error(), "exit status 4") {
		t.Errorf("got %v", err)
	}
}

func TestSpecReachesTheChild(t *testing.T) {
	spec := shell(t, `echo "$LAB_X in $(pwd)"; sleep 1000`)
	spec.Env, spec.WorkDir = []string{"LAB_X=set"}, t.TempDir()
	p, err := newSet(t).Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name() != "child" || p.Pid() <= 1 || !alive(p.Pid()) {
		t.Errorf("process %s, %d", p.Name(), p.Pid())
	}
	if got, want := waitForLog(t, spec, "\n"), "set in "+spec.WorkDir; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

// TestLogIsAppended: a child that is started again under its name keeps what the
// one before it said.
func TestLogIsAppended(t *testing.T) {
	set, spec := newSet(t), shell(t, "echo one; sleep 1000")
	p, err := set.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	waitForLog(t, spec, "one\n")
	p.Kill()
	spec.Args = []string{"-c", "echo two; sleep 1000"}
	if _, err := set.Start(spec); err != nil {
		t.Fatal(err)
	}
	if got := waitForLog(t, spec, "two\n"); got != "one\n" {
		t.Errorf("before it: %q", got)
	}
	info, err := os.Stat(filepath.Join(spec.LogDir, "child.log"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("log %v, %v", info.Mode(), err)
	}
}

func TestNoPlaceForTheLog(t *testing.T) {
	spec := shell(t, "exit 0")
	spec.LogDir = filepath.Join(t.TempDir(), "none")
	if _, err := newSet(t).Start(spec); err == nil || !strings.HasPrefix(err.Error(), "opening log of child: ") {
		t.Errorf("got %v", err)
	}
}

// TestStopAfterTheEnd: a child that has ended by itself can still be stopped.
func TestStopAfterTheEnd(t *testing.T) {
	spec := shell(t, "exit 0")
	spec.Grace = time.Hour
	p, err := newSet(t).Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	p.Stop()
	p.Kill()
	if p.Err() == nil {
		t.Error("that it ended unasked is forgotten")
	}
}
