package pool

import (
	"fmt"
	"maps"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

// Conn is a connection on loan from a Pool.
type Conn struct {
	*chdb.Conn
	pool *Pool
	key  string
	// mark names the connection's statements in system.processes: the interface
	// of libchdb gives a query no id, so log_comment carries one.
	mark string
}

func (p *Pool) open(session Session, key string) (*Conn, error) {
	raw, err := p.connect()
	if err != nil {
		return nil, err
	}
	conn := &Conn{Conn: raw, pool: p, key: key, mark: fmt.Sprintf("plimsoll-%d", p.marks.Add(1))}
	if err := conn.prepare(session); err != nil {
		raw.Close()
		return nil, err
	}
	return conn, nil
}

// connect opens a connection. The engine opens none while its database "default"
// is missing, which anyone may drop, so that is made again.
func (p *Pool) connect() (*chdb.Conn, error) {
	conn, err := p.lib.Connect(p.options.Dir)
	if err == nil || p.CreateDatabase("default") != nil {
		return conn, err
	}
	return p.lib.Connect(p.options.Dir)
}

func (c *Conn) prepare(session Session) error {
	settings := c.pool.options.baseSettings()
	maps.Copy(settings, session.Settings)
	settings["log_comment"] += c.mark
	if session.Database != "" {
		if err := c.Exec(useStatement(session.Database)); err != nil {
			return err
		}
	}
	return c.Exec(setStatement(settings))
}

// Release gives the connection back. reuse tells that its statement succeeded
// and left the session as it was; otherwise the connection is closed.
func (c *Conn) Release(reuse bool) {
	if reuse {
		c.pool.put(c)
	} else {
		c.Close()
	}
	<-c.pool.slots
}
