package process

import (
	"os/exec"
	"runtime"
	"slices"
	"sync"
)

// Set holds the running children of one lab.
type Set struct {
	forks  chan func()
	failed chan error

	mu      sync.Mutex
	running []*Process
}

// NewSet returns an empty set. Close ends it.
func NewSet() *Set {
	s := &Set{forks: make(chan func()), failed: make(chan error, 1)}
	go s.forkLoop()
	return s
}

// forkLoop runs every fork on one operating system thread that lives as long
// as the set: the kernel sends Pdeathsig when the thread that forked ends, not
// the process, and Go ends threads as it likes (golang/go#27505).
func (s *Set) forkLoop() {
	runtime.LockOSThread()
	for f := range s.forks {
		f()
	}
}

func (s *Set) fork(cmd *exec.Cmd) error {
	result := make(chan error)
	s.forks <- func() { result <- cmd.Start() }
	return <-result
}

// Start runs a child and keeps it; if it ends unasked, Failed delivers why.
func (s *Set) Start(spec Spec) (*Process, error) {
	p, err := start(spec, s.fork)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.running = append(s.running, p)
	s.mu.Unlock()
	go func() {
		<-p.Done()
		s.remove(p)
		if err := p.Err(); err != nil {
			select {
			case s.failed <- err:
			default: // one failure is enough to end a run
			}
		}
	}()
	return p, nil
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

// Close stops the children, the last one started first, and ends the set.
func (s *Set) Close() {
	s.mu.Lock()
	list := slices.Clone(s.running)
	s.mu.Unlock()
	for _, p := range slices.Backward(list) {
		p.Stop()
	}
	close(s.forks)
}

func (s *Set) remove(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = slices.DeleteFunc(s.running, func(q *Process) bool { return q == p })
}
