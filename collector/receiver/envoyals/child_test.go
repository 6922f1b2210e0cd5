package envoyals

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// roleVariable makes the test binary a program that a test needs beside it.
const (
	roleVariable = "PLIMSOLL_TEST_ROLE"
	roleCounter  = "counter" // a receiver on the socket 3 that tells each row on the pipe 4
	roleSealer   = "sealer"  // a receiver on the socket 3 that seals blocks, and tells on the pipe 4 what that cost
)

// runCounter receives until SIGTERM, and then drains.
func runCounter() error {
	return receive(&teller{pipe: os.NewFile(4, "pipe")}, func() {})
}

// runSealer is runCounter with a real pipeline that stores nothing. It writes
// the rows and the processor time that they took, in nanoseconds.
func runSealer() error {
	p, err := sealing()
	if err != nil {
		return err
	}
	var before time.Duration
	store := &sealer{Pipeline: p}
	if err := receive(store, func() { before = processTime() }); err != nil {
		return err
	}
	rows := uint64(0)
	for _, table := range p.Stats().Tables {
		rows += table.Rows
	}
	_, err = fmt.Fprintf(os.NewFile(4, "pipe"), "%d %d\n", rows, processTime()-before)
	return err
}

// sealer is a pipeline as an extension, and the host that holds it.
type sealer struct {
	*ingest.Pipeline
}

func (s *sealer) Start(context.Context, component.Host) error { return nil }
func (s *sealer) Shutdown(context.Context) error              { return nil }

func (s *sealer) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): s}
}

// receive runs a receiver until SIGTERM.
func receive(host component.Host, started func()) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = "fd:3"
	r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
	if err != nil {
		return err
	}
	if err := r.Start(ctx, host); err != nil {
		return err
	}
	started()
	<-ctx.Done()
	return r.Shutdown(context.Background())
}

// teller is a store that writes a byte into a pipe for each row before it
// returns: what it was handed is known also if its process is killed right
// after.
type teller struct {
	component.StartFunc
	component.ShutdownFunc
	pipe *os.File
}

func (s *teller) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): s}
}

func (s *teller) tell(kind byte) {
	if _, err := s.pipe.Write([]byte{kind}); err != nil {
		os.Exit(3) // whoever counts is gone
	}
}

func (s *teller) Request(*record.Request)     { s.tell('r') }
func (s *teller) Attempt(*record.Attempt)     { s.tell('a') }
func (s *teller) Flow(*record.Flow)           { s.tell('f') }
func (s *teller) Heartbeat(*record.Heartbeat) {}

// counted is how many rows all counters of a test were handed.
type counted struct {
	rows    atomic.Int64
	readers sync.WaitGroup
}

// counter is a running process of roleCounter.
type counter struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	exited chan error
}

// startCounter starts a receiver on a held socket.
func startCounter(t *testing.T, socket *os.File, n *counted) *counter {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{cmd: exec.Command(os.Args[0]), exited: make(chan error, 1)}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+roleCounter)
	c.cmd.ExtraFiles = []*os.File{socket, write}
	c.cmd.Stderr = &c.stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := write.Close(); err != nil { // the child has its own
		t.Error(err)
	}
	n.readers.Go(func() {
		defer func() { _ = read.Close() }()
		in := bufio.NewReader(read)
		for {
			if _, err := in.ReadByte(); err != nil {
				if !errors.Is(err, io.EOF) {
					t.Errorf("reading what a counter tells: %v", err)
				}
				return
			}
			n.rows.Add(1)
		}
	})
	go func() { c.exited <- c.cmd.Wait() }()
	return c
}

// end ends the process by a signal and returns how it ended.
func (c *counter) end(t *testing.T, sig os.Signal) error {
	t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	return <-c.exited
}
