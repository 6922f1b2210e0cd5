package envoyals

import (
	"net"
	"sync"
)

// greeting is how many bytes a client sends at once when it connects: HTTP/2's
// preface and the header of its first frame (RFC 9113, section 3.4). A TLS
// handshake begins with more.
const greeting = 24 + 9

// greeters is a listener that knows which of its connections have not said
// anything yet. The gRPC server waits for those when it stops, and health checks
// that only connect never will.
type greeters struct {
	net.Listener

	mu     sync.Mutex
	silent map[*greeter]struct{}
}

func newGreeters(l net.Listener) *greeters {
	return &greeters{Listener: l, silent: make(map[*greeter]struct{})}
}

// Accept implements net.Listener.
func (g *greeters) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &greeter{Conn: conn, of: g}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.silent[c] = struct{}{}
	return c, nil
}

// hangUp closes the connections that have not said anything yet.
func (g *greeters) hangUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.silent {
		_ = c.Conn.Close()
	}
}

func (g *greeters) forget(c *greeter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.silent, c)
}

// greeter is a connection of a listener of greeters.
type greeter struct {
	net.Conn
	of   *greeters
	said int // bytes read, until they are enough; only the reader uses it
}

// Read implements net.Conn.
func (c *greeter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.said < greeting {
		if c.said += n; c.said >= greeting {
			c.of.forget(c)
		}
	}
	return n, err
}

// Close implements net.Conn.
func (c *greeter) Close() error {
	c.of.forget(c)
	return c.Conn.Close()
}
