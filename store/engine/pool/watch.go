package pool

import (
	"context"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// killInterval is the pause between two KILL QUERY: the first may come before
// its statement has started.
const killInterval = 50 * time.Millisecond

// Watch kills what the connection runs as soon as ctx ends. stop ends the watch
// and waits for a kill under way, so that none can hit the connection's next
// statement; it reports whether anything was killed.
func (c *Conn) Watch(ctx context.Context) (stop func() (killed bool)) {
	finished, done := make(chan struct{}), make(chan struct{})
	detach := context.AfterFunc(ctx, func() {
		defer close(done)
		c.killUntil(finished)
	})
	return func() bool {
		close(finished)
		if detach() {
			return false
		}
		<-done
		return true
	}
}

func (c *Conn) killUntil(finished <-chan struct{}) {
	ticker := time.NewTicker(killInterval)
	defer ticker.Stop()
	for {
		// An error leaves the statement to its own limits: nothing to undo here.
		_ = c.pool.control.exec("KILL QUERY WHERE endsWith(Settings['log_comment'], " + quote(c.mark) + ") ASYNC")
		select {
		case <-finished:
			return
		case <-ticker.C:
		}
	}
}

// control is a connection of the pool's own, open as long as the engine.
type control struct {
	mu   sync.Mutex
	conn *chdb.Conn
}

func (c *control) exec(sql string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.Exec(sql)
}

func (c *control) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn.Close()
}
