package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// specEnv carries the spec to the child, and then through its sandbox. It holds
// no secret: SQL can read a process's own environment.
const specEnv = "PLIMSOLL_ENGINE_SPEC"

// Files that the child inherits, by descriptor. TCP and key are there only with a
// TCP listener. The lock is inherited to be held, not used.
const (
	fdLock = 3 + iota
	fdUnix
	fdTCP
	fdKey
)

// spec is what a child must know.
type spec struct {
	DataDir string
	Library string
	Backups string
	Memory  int64
	TCP     bool
	// Supervisor is the process id of who started the child.
	Supervisor int
	// Confined is set once the sandbox was entered, or found missing.
	Confined bool
}

func (s spec) env() ([]string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding engine spec: %w", err)
	}
	// Nothing of the supervisor's environment. TZ: clients compare zones by name.
	return []string{"TZ=UTC", specEnv + "=" + string(text)}, nil
}

func specFromEnv() (spec, error) {
	var s spec
	text := os.Getenv(specEnv)
	if text == "" {
		return s, errors.New("this command is started by `plimsoll clickhouse run`, not by hand")
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("decoding engine spec: %w", err)
	}
	return s, nil
}

// child is a started engine process.
type child struct {
	pid     int
	started time.Time
	exited  chan struct{} // closed when gone
	err     error         // of Wait, after exited
}

// startChild runs argv in a process group of its own. The kernel kills it when
// this process dies.
func startChild(argv []string, s spec, files []*os.File, output io.Writer) (*child, error) {
	env, err := s.env()
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{
		Path: argv[0], Args: argv, Env: env, Dir: s.DataDir,
		Stdout: output, Stderr: output, ExtraFiles: files,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
		WaitDelay:   time.Second,
	}
	c := &child{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Pdeathsig is sent when the thread that started the child ends, so the
		// thread is kept until the child has.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting engine: %w", err)
	}
	c.pid, c.started = cmd.Process.Pid, time.Now()
	return c, nil
}

// cause says how a child that has exited ended.
func (c *child) cause() error {
	if c.err == nil {
		return errors.New("exit status 0")
	}
	return c.err
}

// stop asks the child to end, and kills it after grace.
func (c *child) stop(grace time.Duration, logger *slog.Logger) {
	c.signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.exited:
		return
	case <-timer.C:
		logger.Warn("engine did not stop in time and is killed", "pid", c.pid, "grace", grace)
	}
	c.kill()
	<-c.exited
}

func (c *child) kill() { c.signal(syscall.SIGKILL) }

// signal reaches the child's whole group. An error means it has gone already.
func (c *child) signal(sig syscall.Signal) {
	select {
	case <-c.exited:
	default:
		_ = syscall.Kill(-c.pid, sig)
	}
}

// running returns a context that ends with ctx or with the child.
func (c *child) running(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-c.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
