package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string) Spec {
	return Spec{Name: "child", Path: "/bin/sh", Args: []string{"-c", script}, LogDir: t.TempDir(), Grace: 200 * time.Millisecond}
}

func newSet(t *testing.T) *Set {
	s := NewSet()
	t.Cleanup(s.Close)
	return s
}

func TestChildThatEndsUnaskedIsReported(t *testing.T) {
	for name, tc := range map[string]struct{ script, want string }{
		"error":   {"echo one; echo two >&2; exit 3", "child ended: exit status 3; it last said:\n  one\n  two"},
		"success": {"exit 0", "child ended by itself"},
		"long":    {"seq 1 9; exit 1", "child ended: exit status 1; it last said:\n  5\n  6\n  7\n  8\n  9"},
	} {
		t.Run(name, func(t *testing.T) {
			set := newSet(t)
			if _, err := set.Start(shell(t, tc.script)); err != nil {
				t.Fatal(err)
			}
			if err := <-set.Failed(); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestFilesAreInherited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "held")
	if err := os.WriteFile(path, []byte("passed on\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	spec := shell(t, "cat <&3; sleep 1000")
	spec.Files = []*os.File{f}
	p, err := newSet(t).Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	waitForLog(t, spec, "passed on")
	p.Kill()
}

func TestStopAsksFirst(t *testing.T) {
	spec := shell(t, `trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done`)
	spec.Grace = 10 * time.Second
	p, err := newSet(t).Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	waitForLog(t, spec, "ready")
	p.Stop()
	if p.Err() != nil {
		t.Errorf("stopped child is reported: %v", p.Err())
	}
	waitForLog(t, spec, "bye")
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	spec := shell(t, `trap '' TERM; sleep 1000 & echo $!; while :; do sleep 0.01; done`)
	p, err := newSet(t).Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	grandchild, err := strconv.Atoi(waitForLog(t, spec, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	for range 500 {
		if !alive(grandchild) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("grandchild %d is alive after Stop", grandchild)
}

// alive is false for a zombie that init has not collected yet.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestKillIsNotAFailure(t *testing.T) {
	set := newSet(t)
	p, err := set.Start(shell(t, "sleep 1000"))
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
	select {
	case err := <-set.Failed():
		t.Errorf("killed child is reported: %v", err)
	default:
	}
}

func TestCloseStopsTheLastFirst(t *testing.T) {
	dir, set := t.TempDir(), NewSet()
	order := filepath.Join(dir, "order")
	for _, name := range []string{"first", "second"} {
		spec := Spec{
			Name: name, Path: "/bin/sh", LogDir: dir, Grace: 10 * time.Second,
			Args: []string{"-c", `trap 'echo ` + name + ` >> ` + order + `; exit 0' TERM; echo ready; while :; do sleep 0.01; done`},
		}
		if _, err := set.Start(spec); err != nil {
			t.Fatal(err)
		}
		waitForLog(t, spec, "ready")
	}
	if n := len(set.Pids()); n != 2 {
		t.Errorf("%d children run, want 2", n)
	}
	set.Close()
	got, err := os.ReadFile(order)
	if err != nil || string(got) != "second\nfirst\n" {
		t.Errorf("order %q, %v", got, err)
	}
}

func TestMissingProgram(t *testing.T) {
	_, err := newSet(t).Start(Spec{Name: "ghost", Path: "/does/not/exist", LogDir: t.TempDir()})
	if err == nil || !strings.HasPrefix(err.Error(), "starting ghost: ") {
		t.Errorf("got %v", err)
	}
}

// waitForLog waits until the child has printed want and returns what stands
// before it.
func waitForLog(t *testing.T, spec Spec, want string) string {
	t.Helper()
	for range 1000 {
		data, _ := os.ReadFile(filepath.Join(spec.LogDir, spec.Name+".log"))
		if before, _, ok := strings.Cut(string(data), want); ok {
			return before
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s never printed %q", spec.Name, want)
	return ""
}
