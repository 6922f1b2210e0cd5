package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Spec says what to run.
type Spec struct {
	Name    string // in errors and as the name of the output file
	Path    string
	Args    []string
	Env     []string      // added to the lab's own environment
	LogDir  string        // NAME.log goes here
	Grace   time.Duration // from SIGTERM to SIGKILL, default 5 s
	WorkDir string
	Files   []*os.File // open in the child, from descriptor 3 on
}

// Process is a started child.
type Process struct {
	spec Spec
	cmd  *exec.Cmd
	log  string
	done chan struct{}

	mu       sync.Mutex
	stopping bool
	err      error
}

// start runs the child through fork. Its stdout and stderr are appended to
// LogDir/NAME.log.
func start(spec Spec, fork func(*exec.Cmd) error) (*Process, error) {
	p := &Process{spec: spec, log: filepath.Join(spec.LogDir, spec.Name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening log of %s: %w", spec.Name, err)
	}
	defer out.Close()
	p.cmd = exec.Command(spec.Path, spec.Args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = append(os.Environ(), spec.Env...)
	p.cmd.Dir, p.cmd.ExtraFiles = spec.WorkDir, spec.Files
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := fork(p.cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	go p.wait()
	return p, nil
}

func (p *Process) wait() {
	err := p.cmd.Wait()
	p.mu.Lock()
	switch {
	case p.stopping:
	case err != nil:
		p.err = fmt.Errorf("%s ended: %w%s", p.spec.Name, err, p.tail())
	default:
		p.err = fmt.Errorf("%s ended by itself%s", p.spec.Name, p.tail())
	}
	p.mu.Unlock()
	close(p.done)
}

// Name returns the name from the Spec.
func (p *Process) Name() string { return p.spec.Name }

// Pid returns the process id of the child.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the child has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns why the child ended unasked, nil while it runs or after Stop.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Stop asks the child to end (SIGTERM), then makes it (SIGKILL to its group
// after the grace time), and waits for it.
func (p *Process) Stop() {
	p.markStopping()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	grace := p.spec.Grace
	if grace == 0 {
		grace = 5 * time.Second
	}
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	p.killGroup()
	<-p.done
}

// Kill ends the child at once, as a crash would, and waits for it.
func (p *Process) Kill() {
	p.markStopping()
	p.killGroup()
	<-p.done
}

func (p *Process) markStopping() {
	p.mu.Lock()
	p.stopping = true
	p.mu.Unlock()
}

// killGroup also reaches grandchildren, which share the child's group.
func (p *Process) killGroup() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // nobody is left: as it should be
}

const tailLines = 5

// tail returns the last lines of the output, for an error.
func (p *Process) tail() string {
	data, err := os.ReadFile(p.log)
	if err != nil || len(data) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return "; it last said:\n  " + strings.Join(lines, "\n  ")
}
