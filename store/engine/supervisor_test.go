package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// waitFor polls for what other processes give no event for.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// alive reports whether a process exists and is no zombie.
func alive(pid int) bool {
	return syscall.Kill(pid, 0) == nil
}

// ask posts a statement and returns the answer, which must be a result.
func ask(t *testing.T, e *enginetest.Engine, sql string) string {
	t.Helper()
	r := enginetest.Post(t, e.Socket, sql, "?database=plimsoll")
	if r.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", sql, r.Status, r.Body)
	}
	return strings.TrimSuffix(r.Body, "\n")
}

func TestEngineKeepsItsDataOverRestarts(t *testing.T) {
	dir := enginetest.Dir(t)
	e := enginetest.StartIn(t, dir)
	ask(t, e, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	ask(t, e, "INSERT INTO t SELECT number FROM numbers(1000)")
	pid := e.PID(t)
	e.Stop()
	for _, name := range []string{"engine.pid", "clickhouse.sock"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s after a clean stop: %v, want none", name, err)
		}
	}
	if alive(pid) {
		t.Error("the child outlived its supervisor")
	}
	if got := ask(t, enginetest.StartIn(t, dir), "SELECT count() FROM t"); got != "1000" {
		t.Errorf("rows after a restart = %s, want 1000", got)
	}
}

func TestSupervisorRestartsAKilledChild(t *testing.T) {
	e := enginetest.StartIn(t, enginetest.Dir(t))
	ask(t, e, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1")
	ask(t, e, "INSERT INTO t SELECT number FROM numbers(1000)")
	for range 2 {
		pid := e.PID(t)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the child to die", func() bool { return !alive(pid) })
		// The socket stays open: the request waits for the next child.
		if got := ask(t, e, "SELECT count() FROM t"); got != "1000" {
			t.Errorf("rows after kill -9 = %s, want 1000", got)
		}
		if next := e.PID(t); next == pid {
			t.Errorf("pid file still holds %d", pid)
		}
	}
}

func TestChildDiesWithAKilledSupervisor(t *testing.T) {
	library := enginetest.Library(t)
	dir := enginetest.Dir(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), supervisorEnv+"="+dir, engine.LibraryEnv+"="+library)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := &enginetest.Engine{DataDir: dir, Socket: filepath.Join(dir, "clickhouse.sock")}
	waitFor(t, "the socket", func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "unix", e.Socket)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	ask(t, e, "SELECT 1")
	pid := e.PID(t)

	_, err := newSupervisor(t, dir, library).run(t.Context())
	if !errors.Is(err, engine.ErrInUse) || !strings.Contains(err.Error(), "data directory "+dir+" is in use by process ") {
		t.Errorf("second engine: %v, want it refused", err)
	}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the supervisor was killed and ended well")
	}
	waitFor(t, "the child to die", func() bool { return !alive(pid) })
	if got := ask(t, enginetest.StartIn(t, dir), "SELECT 2"); got != "2" {
		t.Errorf("the next engine answers %s", got)
	}
}

// supervisor is one whose log is kept.
type supervisor struct {
	*engine.Supervisor
	log *strings.Builder
}

func newSupervisor(t *testing.T, dir, library string, argv ...string) supervisor {
	t.Helper()
	if argv == nil {
		argv = enginetest.Command(t)
	}
	var log strings.Builder
	s, err := engine.NewSupervisor(engine.Config{DataDir: dir, Library: library}, argv, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return supervisor{s, &log}
}

func (s supervisor) run(ctx context.Context) (log string, err error) {
	err = s.Run(ctx)
	return s.log.String(), err
}

func TestSupervisorGivesUpOnAChildThatNeverServes(t *testing.T) {
	t.Parallel()
	library := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(library, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := newSupervisor(t, enginetest.Dir(t), library).run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "died 5 times before it could serve") ||
		!strings.Contains(err.Error(), "unusable libchdb: loading "+library) {
		t.Errorf("error = %v, want the child's own last words", err)
	}
	if got := strings.Count(log, "engine died, restarting"); got != 4 {
		t.Errorf("%d restarts were logged, want 4:\n%s", got, log)
	}
}

func TestSupervisorRestartsAChildThatEndsWell(t *testing.T) {
	t.Parallel()
	library := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(library, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := newSupervisor(t, enginetest.Dir(t), library, "/bin/sh", "-c", "echo bye").run(t.Context())
	if err == nil || !strings.HasSuffix(err.Error(), "(exit status 0): bye; bye; bye; bye; bye") {
		t.Errorf("error = %v, want five ends and what was said", err)
	}
}

func TestSupervisorStopsWhileItsChildStarts(t *testing.T) {
	library := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(library, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	dir := enginetest.Dir(t)
	s := newSupervisor(t, dir, library, "/bin/sh", "-c", "sleep 600")
	ended := make(chan error, 1)
	go func() {
		_, err := s.run(ctx)
		ended <- err
	}()
	waitFor(t, "the child to start", func() bool {
		_, err := os.Stat(filepath.Join(dir, "engine.pid"))
		return err == nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestNewSupervisorNeedsALibrary(t *testing.T) {
	_, err := engine.NewSupervisor(engine.Config{DataDir: t.TempDir(), Library: "/nowhere/libchdb.so"}, nil, slog.Default())
	if !errors.Is(err, engine.ErrNoLibrary) || !strings.Contains(err.Error(), "/nowhere/libchdb.so: run `make tools`") {
		t.Errorf("error = %v, want ErrNoLibrary with the remedy", err)
	}
}
