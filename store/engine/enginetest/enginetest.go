// Package enginetest starts an embedded ClickHouse for a test.
//
// The engine must be a process of its own, so the test binary is started a second
// time and becomes the engine before its main function runs.
package enginetest

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
)

// RequireEnv is the variable that, when set, makes a test fail rather than skip without its tools.
const RequireEnv = "PLIMSOLL_REQUIRE_TOOLS"

// startLimit is generous: machines that run tests are busy.
const startLimit = 2 * time.Minute

// init turns the process into the engine when a Supervisor started it. It is an
// init because a package cannot take part in the TestMain of those who import it.
func init() {
	if engine.IsChild() {
		// On a thread other than the program's first, where an init runs: a program
		// cannot count on that one either.
		code := make(chan int)
		go func() { code <- runChild() }()
		os.Exit(<-code)
	}
}

func runChild() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := engine.RunChild(ctx, logger); err != nil {
		logger.Error("engine failed", "error", err)
		return 1
	}
	return 0
}

// Start runs an engine over an empty data directory until the test ends, and
// returns the DSN of its database plimsoll, such as
// "unix:///tmp/x/clickhouse.sock?database=plimsoll".
func Start(t testing.TB) (dsn string) {
	t.Helper()
	return engine.DSN(StartIn(t, Dir(t)).Socket, engine.Database)
}

// Engine is a running engine.
type Engine struct {
	DataDir string
	Socket  string
	stop    func()
}

// Stop stops the engine before the test ends; its data directory stays.
func (e *Engine) Stop() { e.stop() }

// PID returns the process id of the engine's child, for a test that kills it.
func (e *Engine) PID(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.DataDir, "engine.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// Option changes the configuration of an engine.
type Option func(*engine.Config)

// StartIn runs an engine over the given data directory until the test ends.
func StartIn(t testing.TB, dataDir string, options ...Option) *Engine {
	t.Helper()
	config := engine.Config{DataDir: dataDir, Library: Library(t), Memory: 768 << 20}
	for _, option := range options {
		option(&config)
	}
	supervisor, err := engine.NewSupervisor(config, Command(t), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	var runErr error
	go func() {
		defer close(ended)
		runErr = supervisor.Run(ctx)
	}()
	e := &Engine{DataDir: dataDir, Socket: supervisor.Socket(), stop: sync.OnceFunc(func() {
		cancel()
		<-ended
		if runErr != nil {
			t.Errorf("running engine: %v", runErr)
		}
	})}
	t.Cleanup(e.Stop)
	select {
	case <-supervisor.Ready():
	case <-ended:
		t.Fatal("engine did not start")
	case <-time.After(startLimit):
		t.Fatal("engine did not start in time")
	}
	return e
}

// Command is the command line of an engine's child: this test binary.
func Command(t testing.TB) []string {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{executable}
}

// Dir returns an empty directory that is removed with the test. Its path is
// short, as that of a unix socket must be.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Library returns the path of libchdb.so, looked for in the folder of the module.
// Without it the test is skipped, or failed when PLIMSOLL_REQUIRE_TOOLS is set.
func Library(t testing.TB) string {
	t.Helper()
	path, err := engine.FindLibrary("", os.Getenv, moduleDir(t), os.Args[0])
	if err == nil {
		return path
	}
	if os.Getenv(RequireEnv) != "" {
		t.Fatal(err)
	}
	t.Skipf("embedded ClickHouse is not tested: %v", err)
	return ""
}

// moduleDir is the folder of go.mod above the package under test.
func moduleDir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}
