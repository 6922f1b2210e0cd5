package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/engine/pool"
)

// dir is the one data directory that the library allows this process.
var dir string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	parent, err := os.MkdirTemp("", "pool")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(parent)
	dir = filepath.Join(parent, "data")
	return m.Run()
}

func open(t *testing.T, active, idle int) *pool.Pool {
	t.Helper()
	lib, err := chdb.Load(enginetest.Library(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pool.Open(lib, pool.Options{Dir: dir, Memory: 1 << 30, Active: active, Idle: idle})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func get(t *testing.T, p *pool.Pool, session pool.Session) *pool.Conn {
	t.Helper()
	conn, err := p.Get(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func ask(t *testing.T, conn *pool.Conn, sql string) string {
	t.Helper()
	result, err := conn.Query(sql, "TabSeparatedRaw", nil)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer result.Close()
	return strings.TrimRight(string(result.Bytes()), "\n")
}

// setting builds a session with one setting.
func setting(name, value string) pool.Session {
	return pool.Session{Settings: map[string]string{name: value}}
}

func TestOpenKnowsTheEngine(t *testing.T) {
	facts := open(t, 1, 1).Facts()
	if !strings.HasPrefix(facts.Version, "26.7.") || facts.DisplayName == "" || facts.Timezone == "" {
		t.Errorf("facts = %+v", facts)
	}
}

func TestGetAppliesBaseSettings(t *testing.T) {
	p := open(t, 1, 1)
	conn := get(t, p, pool.Session{})
	defer conn.Release(true)
	for name, want := range map[string]string{
		"async_insert": "0", "implicit_select": "0", "input_format_skip_unknown_fields": "0",
		"insert_deduplicate": "1", "max_insert_threads": "1", "max_threads": "2",
		"max_memory_usage": "536870912", "max_bytes_before_external_group_by": "268435456",
		"deduplicate_blocks_in_dependent_materialized_views": "1",
	} {
		if got := ask(t, conn, "SELECT value FROM system.settings WHERE name = '"+name+"'"); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

func TestGetCarriesTheSession(t *testing.T) {
	p := open(t, 2, 2)
	if err := p.CreateDatabase("we`ird \\ name"); err != nil {
		t.Fatal(err)
	}
	conn := get(t, p, pool.Session{
		Database: "we`ird \\ name",
		Settings: map[string]string{"max_threads": "1", "log_comment": `it's \ mine`, "readonly": "1"},
	})
	defer conn.Release(false)
	if got := ask(t, conn, "SELECT currentDatabase(), getSetting('max_threads')"); got != "we`ird \\ name\t1" {
		t.Errorf("session = %q", got)
	}
	if got := ask(t, conn, "SELECT getSetting('log_comment')"); !strings.HasPrefix(got, `it's \ mine`) {
		t.Errorf("log_comment = %q, want the caller's first", got)
	}
	if err := conn.Exec("CREATE TABLE t (a Int8) ENGINE = Memory"); err == nil {
		t.Error("readonly=1 does not hold")
	}
}

func TestGetRefusesWhatTheEngineRefuses(t *testing.T) {
	p := open(t, 1, 1)
	tests := []struct {
		name    string
		session pool.Session
		code    int
	}{
		{"unknown setting", setting("nonsense", "1"), 115},
		{"bad value", setting("max_threads", "many"), 27},
		{"unknown database", pool.Session{Database: "nonsense"}, 81},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Get(t.Context(), tt.session)
			var e *chdb.Exception
			if !errors.As(err, &e) || e.Code != tt.code {
				t.Errorf("error = %v, want exception %d", err, tt.code)
			}
		})
	}
	get(t, p, pool.Session{}).Release(true) // no slot was lost
}

func TestReleasedConnectionsServeEqualSessions(t *testing.T) {
	p := open(t, 4, 2)
	mark := func(s pool.Session) string {
		conn := get(t, p, s)
		defer conn.Release(true)
		return ask(t, conn, "SELECT getSetting('log_comment')")
	}
	one, two, three := setting("max_threads", "1"), setting("max_threads", "3"), setting("max_threads", "4")
	first := mark(one)
	if again := mark(setting("max_threads", "1")); again != first {
		t.Errorf("an equal session got connection %s, want the idle %s", again, first)
	}
	if other := mark(two); other == first {
		t.Error("another session got the same connection")
	}
	mark(three) // evicts the one idle for longest, that of session one
	if again := mark(one); again == first {
		t.Errorf("connection %s outlived two others in a pool of two", again)
	}
}

func TestReleaseWithoutReuseCloses(t *testing.T) {
	p := open(t, 1, 4)
	conn := get(t, p, pool.Session{})
	first := ask(t, conn, "SELECT getSetting('log_comment')")
	conn.Release(false)
	conn = get(t, p, pool.Session{})
	defer conn.Release(true)
	if second := ask(t, conn, "SELECT getSetting('log_comment')"); second == first {
		t.Errorf("connection %s came back", first)
	}
}

func TestGetWaitsForASlot(t *testing.T) {
	p := open(t, 1, 1)
	held := get(t, p, pool.Session{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Get(ctx, pool.Session{}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "one of 1") {
		t.Errorf("error = %v, want the wait given up", err)
	}
	got := make(chan error, 1)
	go func() {
		conn, err := p.Get(t.Context(), pool.Session{})
		if err == nil {
			conn.Release(true)
		}
		got <- err
	}()
	held.Release(true)
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestWatchKillsTheStatementOfAGoneClient(t *testing.T) {
	p := open(t, 2, 2)
	conn := get(t, p, pool.Session{})
	ctx, cancel := context.WithCancel(t.Context())
	stop := conn.Watch(ctx)
	go func() {
		waitForStatement(t, p, "sleepEachRow")
		cancel()
	}()
	err := conn.Exec("SELECT sleepEachRow(1) FROM numbers(600) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0")
	var e *chdb.Exception
	if !errors.As(err, &e) || e.Code != 394 {
		t.Errorf("error = %v, want 394, QUERY_WAS_CANCELLED", err)
	}
	if !stop() {
		t.Error("stop reports that nothing was killed")
	}
	conn.Release(false)
}

// waitForStatement returns once a statement that contains text runs.
func waitForStatement(t *testing.T, p *pool.Pool, text string) {
	conn, err := p.Get(t.Context(), pool.Session{})
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Release(true)
	for t.Context().Err() == nil {
		result, err := conn.Query("SELECT count() FROM system.processes WHERE query LIKE '%"+text+"%' AND query NOT LIKE '%processes%'", "TabSeparated", nil)
		if err != nil {
			t.Error(err)
			return
		}
		found := string(result.Bytes()) != "0\n"
		result.Close()
		if found {
			return
		}
		time.Sleep(5 * time.Millisecond) // the engine offers nothing to wait on
	}
}

func TestWatchLeavesAFinishedStatementAlone(t *testing.T) {
	p := open(t, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	conn := get(t, p, pool.Session{})
	stop := conn.Watch(ctx)
	ask(t, conn, "SELECT 1")
	if stop() {
		t.Error("stop reports a kill without a cancelled context")
	}
	cancel()
	if got := ask(t, conn, "SELECT 2"); got != "2" {
		t.Errorf("statement after the watch = %q", got)
	}
	conn.Release(true)
}

func TestCloseRefusesFurtherUse(t *testing.T) {
	p := open(t, 1, 1)
	conn := get(t, p, pool.Session{})
	p.Close()
	conn.Release(true)
	p.Close()
	if _, err := p.Get(t.Context(), pool.Session{}); !errors.Is(err, pool.ErrClosed) {
		t.Errorf("error = %v, want ErrClosed", err)
	}
}

// TestDroppedDefaultDatabaseComesBack: without it chdb_connect refuses for good.
func TestDroppedDefaultDatabaseComesBack(t *testing.T) {
	p := open(t, 2, 2)
	conn := get(t, p, pool.Session{})
	if err := conn.Exec("DROP DATABASE default"); err != nil {
		t.Fatal(err)
	}
	conn.Release(false)
	conn = get(t, p, setting("max_threads", "1"))
	defer conn.Release(true)
	if got := ask(t, conn, "SELECT 1"); got != "1" {
		t.Errorf("answer = %q", got)
	}
}

func TestProbeAnswersWithoutASlot(t *testing.T) {
	p := open(t, 1, 1)
	conn := get(t, p, pool.Session{})
	defer conn.Release(true)
	if err := p.Probe(); err != nil {
		t.Error(err)
	}
}

func TestReturnMemoryIsAccepted(t *testing.T) {
	if err := open(t, 1, 1).ReturnMemory(); err != nil {
		t.Error(err)
	}
}

// TestPoolUnderLoad lets many goroutines ask for few sessions: each must see its
// own settings, and no more than the limit may run at once.
func TestPoolUnderLoad(t *testing.T) {
	const active = 3
	p := open(t, active, 2)
	var wait sync.WaitGroup
	var inUse, most atomic.Int64
	for i := range 60 {
		wait.Go(func() {
			threads := fmt.Sprint(1 + i%4)
			conn, err := p.Get(t.Context(), setting("max_threads", threads))
			if err != nil {
				t.Error(err)
				return
			}
			for n := inUse.Add(1); ; {
				if seen := most.Load(); n <= seen || most.CompareAndSwap(seen, n) {
					break
				}
			}
			defer conn.Release(i%5 != 0)
			defer inUse.Add(-1)
			result, err := conn.Query("SELECT getSetting('max_threads')", "TabSeparated", nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer result.Close()
			if got := strings.TrimSpace(string(result.Bytes())); got != threads {
				t.Errorf("max_threads = %s, want %s", got, threads)
			}
		})
	}
	wait.Wait()
	if got := most.Load(); got > active {
		t.Errorf("%d connections were in use at once, want at most %d", got, active)
	}
}
