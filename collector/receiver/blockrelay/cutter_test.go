package blockrelay

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// cutter passes connections on to another socket, and cuts each connection when
// an answer comes whose number is a multiple of every: the sender does not hear
// what the receiver has done.
type cutter struct {
	target string
	every  int64

	answers, cuts atomic.Int64
	listener      net.Listener
	work          sync.WaitGroup
}

// startCutter listens until the test ends.
func startCutter(t *testing.T, path, target string, every int64) *cutter {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{target: target, every: every, listener: listener}
	c.work.Go(c.serve)
	t.Cleanup(func() {
		_ = listener.Close()
		c.work.Wait()
	})
	return c
}

func (c *cutter) serve() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.work.Go(func() { c.pass(near) })
	}
}

func (c *cutter) pass(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("unix", c.target)
	if err != nil {
		return // the receiver is dead
	}
	defer far.Close()
	c.work.Go(func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	})
	answer := make([]byte, 4096)
	for {
		n, err := far.Read(answer)
		if err != nil {
			return
		}
		if c.answers.Add(1)%c.every == 0 {
			c.cuts.Add(1)
			return
		}
		if _, err := near.Write(answer[:n]); err != nil {
			return
		}
	}
}
