package process

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"sync"
)

// ErrClosed is the error of a start in a set that is closed.
var ErrClosed = errors.New("the lab is being stopped")

// Set holds the running children of one lab.
type Set struct {
	forks   chan func()
	closing chan struct{}
	failed  chan error
	watches sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	running []*Process
}

// NewSet returns an empty set. Close ends it.
func NewSet() *Set {
	s := &Set{forks: make(chan func()), closing: make(chan struct{}), failed: make(chan error, 1)}
	s.watches.Go(s.forkLoop)
	return s
}

// forkLoop runs every fork on one operating system thread that lives as long
// as the set: the kernel sends Pdeathsig when the thread that forked ends, not
// the process, and Go ends threads as it likes (golang/go#27505).
func (s *Set) forkLoop() {
	runtime.LockOSThread()
	for {
		select {
		case f := <-s.forks:
			f()
		case <-s.closing:
			return
		}
	}
}

func (s *Set) fork(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	s.forks <- func() { result <- cmd.Start() }
	return <-result
}

// Start runs a child and keeps it; if it ends unasked, Failed delivers why.
func (s *Set) Start(spec Spec) (*Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // Close waits for a start under way
	if s.closed {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, ErrClosed)
	}
	p, err := start(spec, s.fork)
	if err != nil {
		return nil, err
	}
	s.running = append(s.running, p)
	s.watches.Go(func() { s.watch(p) })
	return p, nil
}

// watch waits for the end of a child.
func (s *Set) watch(p *Process) {
	<-p.Done()
	s.remove(p)
	if err := p.Err(); err != nil {
		select {
		case s.failed <- err:
		default: // one failure is enough to end a run
		}
	}
}

// Failed delivers the first child that ended unasked.
func (s *Set) Failed() <-chan error { return s.failed }

// Pids lists the running children.
func (s *Set) Pids() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pids []int
	for _, p := range s.running {
		pids = append(pids, p.Pid())
	}
	return pids
}

// Close stops the children, the last one started first, and ends the set. It
// may be called again.
func (s *Set) Close() {
	s.mu.Lock()
	closed, list := s.closed, slices.Clone(s.running)
	s.closed = true
	s.mu.Unlock()
	if closed {
		return
	}
	for _, p := range slices.Backward(list) {
		p.Stop()
	}
	close(s.closing)
	s.watches.Wait()
}

func (s *Set) remove(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = slices.DeleteFunc(s.running, func(q *Process) bool { return q == p })
}
