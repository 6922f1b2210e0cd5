package chdb

import (
	"errors"
	"runtime"
	"unsafe"
)

// analysis is the struct that chdb_classify_query_n fills.
type analysis struct {
	size  uint32 // of the struct, in bytes
	count uint32 // of statements
	flags uint32
	class uint32 // 0: leaves no trace
}

// ReadsOnly reports, by the engine's own parser, that sql is one statement that
// leaves no trace: no write, no change of the session, no file. It says nothing
// of which files a table function reads.
func (c *Conn) ReadsOnly(sql string) (bool, error) {
	if c.ref == nil {
		return false, ErrClosed
	}
	text, a := cString(sql), &analysis{size: uint32(unsafe.Sizeof(analysis{}))}
	status := c.lib.c.classify(c.handle(), pointer(text), uintptr(len(sql)), nil, 0, unsafe.Pointer(a))
	runtime.KeepAlive(text)
	if status != 0 {
		return false, errors.New("chdb: statement could not be classified")
	}
	return a.count == 1 && a.class == 0, nil
}
