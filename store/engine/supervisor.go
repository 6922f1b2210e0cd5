package engine

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	// startLimit is how long a child may take to answer its first ping; recovery
	// of a large data directory takes seconds.
	startLimit = 2 * time.Minute
	// stopGrace is how long a child may take to stop; it is longer than the child
	// itself waits for running statements.
	stopGrace = drainLimit + 5*time.Second
)

// Supervisor keeps one engine running.
type Supervisor struct {
	config Config
	argv   []string
	logger *slog.Logger

	probing  probing
	counters counters

	ready     chan struct{}
	readyOnce sync.Once
}

// NewSupervisor prepares an engine. argv is the command of the child: a program
// that calls RunChild, with its arguments; the program by absolute path.
func NewSupervisor(config Config, argv []string, logger *slog.Logger) (*Supervisor, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	if !isLibrary(config.Library) {
		return nil, noLibrary(config.Library)
	}
	return &Supervisor{config: config, argv: argv, logger: logger, probing: defaultProbing(), ready: make(chan struct{})}, nil
}

// Ready is closed once the engine has answered for the first time.
func (s *Supervisor) Ready() <-chan struct{} { return s.ready }

// Socket returns the absolute path of the unix socket.
func (s *Supervisor) Socket() string { return s.config.Socket }

// Run runs the engine, and again after each crash, until ctx ends; then it stops
// the child, waits for it and returns nil. It returns an error when the data
// directory is in use, when a socket cannot be opened, and when the child dies
// several times in a row before it answers.
func (s *Supervisor) Run(ctx context.Context) error {
	if err := os.MkdirAll(s.config.DataDir, 0o700); err != nil {
		return fmt.Errorf("creating data directory: %w", err)
	}
	inherited, err := inherit(ctx, s.config)
	if err != nil {
		return err
	}
	defer inherited.close(s.logger)
	s.chooseMemory()
	if inherited.address != nil {
		s.logger.Info("engine listens on tcp", "address", inherited.address.String(), "key_file", keyFile(s.config.DataDir))
	}
	defer os.Remove(s.pidFile()) //nolint:errcheck // it may never have been written

	log := newChildLog(s.logger, time.Now)
	var restarts backoff
	for ctx.Err() == nil {
		child, err := startChild(s.argv, s.spec(), inherited.files, log)
		if err != nil {
			return err
		}
		s.counters.starts.Add(1)
		answered := s.attend(ctx, child)
		if ctx.Err() != nil {
			break
		}
		delay, again := restarts.died(time.Since(child.started), answered)
		if !again {
			return fmt.Errorf("engine died %d times before it could serve (%w): %s", maxStillborn, child.cause(), log.lastLines())
		}
		s.logger.Error("engine died, restarting", "pid", child.pid, "cause", child.cause(), "delay", delay, "restarts", s.Stats().Restarts)
		sleep(ctx, delay)
	}
	return nil
}

// attend follows one child until it is gone, and reports whether it ever
// answered. When ctx ends it stops the child.
func (s *Supervisor) attend(ctx context.Context, c *child) (answered bool) {
	if err := os.WriteFile(s.pidFile(), []byte(strconv.Itoa(c.pid)+"\n"), 0o600); err != nil {
		s.logger.Warn("writing pid file", "error", err)
	}
	running, cancel := c.running(ctx)
	defer cancel()
	first, cancelFirst := context.WithTimeout(running, startLimit)
	err := ask(first, s.config.Socket, "/ping")
	cancelFirst()
	switch {
	case err == nil:
		s.logger.Info("engine serves", "pid", c.pid, "socket", s.config.Socket)
		s.readyOnce.Do(func() { close(s.ready) })
		s.watch(running, c)
	case running.Err() == nil:
		s.logger.Error("engine does not answer and is killed", "pid", c.pid, "error", err)
		c.kill()
	}
	<-running.Done()
	if ctx.Err() != nil {
		c.stop(stopGrace, s.logger)
	}
	<-c.exited
	return err == nil
}

// chooseMemory settles the engine's memory, and says what is wrong with it.
func (s *Supervisor) chooseMemory() {
	limit, err := cgroupLimit(os.DirFS("/"))
	if err != nil {
		s.logger.Debug("reading memory limit", "error", err)
	}
	plan := planMemory(s.config.Memory, limit)
	s.config.Memory = plan.cap
	if plan.problem != "" {
		s.logger.Warn("engine memory is not safe", "problem", plan.problem, "memory_mib", plan.cap>>20, "limit_mib", limit>>20, "remedy", plan.remedy)
	}
}

func (s *Supervisor) spec() spec {
	return spec{
		DataDir: s.config.DataDir, Library: s.config.Library, Backups: s.config.Backups,
		Memory: s.config.Memory, TCP: s.config.Listen != "", Supervisor: os.Getpid(),
	}
}

func (s *Supervisor) pidFile() string {
	return filepath.Join(s.config.DataDir, "engine.pid")
}

// sleep pauses for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
