package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/plimsoll-mesh/plimsoll/store/engine/sandbox"
)

// RunChild is the whole of a child process that a Supervisor started: it enters
// the sandbox, which starts the program anew with the same arguments, and then
// serves until ctx ends. logger should write slog's JSON to standard error.
func RunChild(ctx context.Context, logger *slog.Logger) error {
	s, err := specFromEnv()
	if err != nil {
		return err
	}
	if s.Confined {
		return serve(ctx, s, logger)
	}
	for _, dir := range []string{engineDir(s.DataDir), s.Backups} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating engine directory: %w", err)
		}
	}
	err = confine(s)
	if errors.Is(err, sandbox.ErrUnsupported) {
		logger.Warn("engine runs without a sandbox: SQL can read what this user can", "cause", err)
		return serve(ctx, s, logger)
	}
	return err
}

// confine replaces the program by itself inside of the sandbox.
func confine(s spec) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the running program: %w", err)
	}
	s.Confined = true
	env, err := s.env()
	if err != nil {
		return err
	}
	argv := append([]string{executable}, os.Args[1:]...)
	runtime.LockOSThread() // for good: what is set here holds for the thread that Exec makes the program's first
	if err := dieWithParent(s.Supervisor); err != nil {
		return err
	}
	return sandbox.Exec(policy(s, executable), argv, env)
}

// dieWithParent has the kernel kill this process when its supervisor ends. The
// one that fork set is of the program's first thread, and is lost when another
// one calls execve (prctl(2), PR_SET_PDEATHSIG).
func dieWithParent(supervisor int) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("tying the engine to its supervisor: %w", err)
	}
	if os.Getppid() != supervisor {
		return fmt.Errorf("tying the engine to its supervisor: process %d has ended", supervisor)
	}
	return nil
}

// policy opens to the engine its own directory and that of its backups, and for
// reading what loading a program takes: libraries, time zones, and what the
// machine offers.
func policy(s spec, executable string) sandbox.Policy {
	return sandbox.Policy{
		ReadWrite: []string{engineDir(s.DataDir), s.Backups, "/dev/null"},
		ReadOnly: []string{
			executable, s.Library,
			"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo",
			"/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/sys/devices/system", "/sys/fs/cgroup", "/dev/urandom",
		},
	}
}

// IsChild reports that a Supervisor started this process to call RunChild.
func IsChild() bool { return os.Getenv(specEnv) != "" }
