package pool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
	"github.com/plimsoll-mesh/plimsoll/store/engine/lease"
)

// ErrClosed is returned by Get after Close.
var ErrClosed = errors.New("connection pool is closed")

// Facts are what the engine says about itself.
type Facts struct {
	DisplayName string // host name
	Version     string // of ClickHouse, such as 26.7.2.1; not of libchdb
	Timezone    string
}

// Pool is the engine of this process and its connections.
type Pool struct {
	lib     *chdb.Library
	options Options
	facts   Facts
	control *control
	slots   chan struct{}
	marks   atomic.Uint64
	named   *lease.Registry[*Conn]

	mu     sync.Mutex
	idle   []*Conn // oldest first
	closed bool
}

// Open starts the engine over options.Dir.
func Open(lib *chdb.Library, options Options) (*Pool, error) {
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating engine directory: %w", err)
	}
	conn, err := lib.Connect(options.Dir, options.engineArgs()...)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		lib: lib, options: options, control: &control{conn: conn},
		slots: make(chan struct{}, options.Active), named: lease.New[*Conn](options.Named),
	}
	if p.facts, err = readFacts(conn); err != nil {
		conn.Close()
		return nil, fmt.Errorf("asking the engine for its version: %w", err)
	}
	return p, nil
}

func readFacts(conn *chdb.Conn) (Facts, error) {
	result, err := conn.Query("SELECT displayName(), version(), timezone()", "TabSeparatedRaw", nil)
	if err != nil {
		return Facts{}, err
	}
	defer result.Close()
	f := strings.Split(strings.TrimRight(string(result.Bytes()), "\n"), "\t")
	if len(f) != 3 {
		return Facts{}, fmt.Errorf("unexpected answer %q", result.Bytes())
	}
	return Facts{DisplayName: f[0], Version: f[1], Timezone: f[2]}, nil
}

// Facts returns what the engine said about itself at start.
func (p *Pool) Facts() Facts { return p.facts }

// Dir is the engine's directory. Files made there are its user's own business.
func (p *Pool) Dir() string { return p.options.Dir }

// CreateDatabase creates an Atomic database when there is none of that name. The
// engine's own "default" is an overlay over the file system and not for tables.
func (p *Pool) CreateDatabase(name string) error {
	return p.control.exec("CREATE DATABASE IF NOT EXISTS " + QuoteName(name) + " ENGINE = Atomic")
}

// ReturnMemory makes the allocator give unused pages back to the system; worth
// its milliseconds after an exception MEMORY_LIMIT_EXCEEDED.
func (p *Pool) ReturnMemory() error {
	return p.control.exec("SYSTEM JEMALLOC PURGE")
}

// Probe runs a statement on a connection of its own, so that it waits for no slot.
// An exception of the engine is an answer.
func (p *Pool) Probe() error {
	err := p.control.exec("SELECT 1")
	var e *chdb.Exception
	if errors.As(err, &e) {
		return nil
	}
	return err
}

// Get returns a connection that carries session, for one statement; the caller
// releases it. It waits for a free slot until ctx ends. Unknown settings, their
// bad values and an unknown database are the engine's exceptions.
func (p *Pool) Get(ctx context.Context, session Session) (*Conn, error) {
	if err := p.acquire(ctx); err != nil {
		return nil, err
	}
	conn, err := p.take(session)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return conn, nil
}

// acquire takes a slot; who holds one may run a statement.
func (p *Pool) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for one of %d connections: %w", p.options.Active, ctx.Err())
	}
}

func (p *Pool) take(session Session) (*Conn, error) {
	key := session.key()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	for i := len(p.idle) - 1; i >= 0; i-- {
		if conn := p.idle[i]; conn.key == key {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			p.mu.Unlock()
			return conn, nil
		}
	}
	p.mu.Unlock()
	return p.open(session, key)
}

// put keeps a connection for later, at the cost of the one idle for longest.
func (p *Pool) put(conn *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		conn.Close()
		return
	}
	p.idle = append(p.idle, conn)
	if len(p.idle) > p.options.Idle {
		p.idle[0].Close()
		p.idle = p.idle[1:]
	}
}

// Close closes all idle connections and the engine. Connections in use must
// have been released before.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	for _, conn := range p.idle {
		conn.Close()
	}
	p.idle = nil
	p.named.Close()
	p.control.close()
}
