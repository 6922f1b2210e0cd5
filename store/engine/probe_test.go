package engine_test

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// startProbed runs an engine whose supervisor probes it often.
func startProbed(t *testing.T) (*enginetest.Engine, supervisor) {
	t.Helper()
	dir := enginetest.Dir(t)
	s := newSupervisor(t, dir, enginetest.Library(t))
	s.ProbeFast()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := s.run(ctx)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-s.Ready()
	return &enginetest.Engine{DataDir: dir, Socket: s.Socket()}, s
}

// TestHungChildIsKilledAndRestarted stops the child without ending it.
func TestHungChildIsKilledAndRestarted(t *testing.T) {
	e, s := startProbed(t)
	ask(t, e, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1")
	ask(t, e, "INSERT INTO t SELECT number FROM numbers(1000)")
	pid := e.PID(t)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the hung child to be killed", func() bool { return !alive(pid) })
	if got := ask(t, e, "SELECT count() FROM t"); got != "1000" {
		t.Errorf("rows after the restart = %s, want 1000", got)
	}
	if got := s.Stats(); got.Hung < 1 || got.Restarts < 1 {
		t.Errorf("stats = %+v, want a hung child and a restart", got)
	}
}

// TestBusyChildIsLeftAlone fills every slot with statements that take long.
func TestBusyChildIsLeftAlone(t *testing.T) {
	e, s := startProbed(t)
	pid := e.PID(t)
	ctx, cancel := context.WithCancel(t.Context())
	client := enginetest.Client(t, e.Socket)
	done := make(chan struct{})
	const statements = 20 // more than may run at once
	for range statements {
		go func() {
			defer func() { done <- struct{}{} }()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/", strings.NewReader(sleeping("600")))
			if err != nil {
				return
			}
			if response, err := client.Do(r); err == nil {
				response.Body.Close()
			}
		}()
	}
	waitFor(t, "probes of a busy engine", func() bool {
		response := enginetest.Get(t, e.Socket, "/probe")
		return response.Status == http.StatusOK
	})
	for range 50 {
		if r := enginetest.Get(t, e.Socket, "/probe"); r.Status != http.StatusOK {
			t.Errorf("probe of a busy engine: %d %s", r.Status, r.Body)
		}
	}
	if got := s.Stats(); got != (engine.Stats{}) || e.PID(t) != pid {
		t.Errorf("stats = %+v, pid %d became %d, want the child left alone", got, pid, e.PID(t))
	}
	cancel()
	for range statements {
		<-done
	}
}
