package chdb

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// ErrClosed is returned by calls on a closed Conn or Insert.
var ErrClosed = errors.New("chdb: already closed")

// Conn is a connection to the engine of this process: one ClickHouse session.
// It must not be used by two goroutines at once.
type Conn struct {
	lib *Library
	// ref is chdb_connection *: a pointer to the connection that close clears.
	ref unsafe.Pointer
}

// Connect opens a connection to the engine over the data directory dir. args
// are engine arguments such as "--mark_cache_size=50000000"; only those of the
// first connection of the process have an effect. Why the engine refused is
// only written to standard error by the library.
func (l *Library) Connect(dir string, args ...string) (*Conn, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var argv []unsafe.Pointer
	for _, arg := range append([]string{"clickhouse", "--path=" + dir}, args...) {
		text := cString(arg)
		pinner.Pin(&text[0])
		argv = append(argv, pointer(text))
	}
	count := len(argv)
	argv = append(argv, nil)
	ref := l.c.connect(int32(count), unsafe.Pointer(unsafe.SliceData(argv)))
	runtime.KeepAlive(argv)
	if ref == nil || *(*unsafe.Pointer)(ref) == nil {
		return nil, fmt.Errorf("opening engine path=%s: chdb_connect refused, see its message on standard error", dir)
	}
	return &Conn{lib: l, ref: ref}, nil
}

// Close ends the session. A second call does nothing.
func (c *Conn) Close() {
	if c.ref != nil {
		c.lib.c.closeConn(c.ref)
		c.ref = nil
	}
}

func (c *Conn) handle() unsafe.Pointer {
	return *(*unsafe.Pointer)(c.ref)
}

// Query runs one statement and returns its whole result in the named output
// format. An exception of the engine is returned as *Exception.
func (c *Conn) Query(sql, format string, params Params) (*Result, error) {
	if c.ref == nil {
		return nil, ErrClosed
	}
	return c.lib.result(bindParams(params).call(c.lib.c.query, c.handle(), sql, format))
}

// Exec runs one statement and drops its result.
func (c *Conn) Exec(sql string) error {
	result, err := c.Query(sql, "Null", nil)
	if err != nil {
		return err
	}
	result.Close()
	return nil
}
