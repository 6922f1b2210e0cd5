package chdb

import "runtime"

// Insert is a running INSERT whose data is appended piece by piece. Nothing is
// committed before Done; Cancel, or a Close without Done, drops the data that
// the engine has not yet written as a block.
type Insert struct {
	conn   *Conn
	handle uintptr
	ended  bool
}

// Insert starts "INSERT INTO t (columns)", given without FORMAT clause, whose
// data follows in the named input format.
func (c *Conn) Insert(sql, format string, params Params) (*Insert, error) {
	if c.ref == nil {
		return nil, ErrClosed
	}
	// The library appends a FORMAT clause: it must not end up in a comment.
	sql += "\n"
	i := &Insert{conn: c, handle: bindParams(params).call(c.lib.c.insert, c.handle(), sql, format)}
	if i.handle == 0 {
		return nil, newException("libchdb returned no insert stream")
	}
	if err := i.err(); err != nil {
		i.ended = true
		i.Close()
		return nil, err
	}
	return i, nil
}

func (i *Insert) err() error {
	if text := goString(i.conn.lib.c.insertError(i.handle)); text != "" {
		return newException(text)
	}
	return nil
}

// Append hands over the next bytes, cut at any place. When the engine refuses
// them the insert has failed as a whole.
func (i *Insert) Append(data []byte) error {
	if i.ended {
		return ErrClosed
	}
	if len(data) == 0 {
		return nil
	}
	status := i.conn.lib.c.insertAppend(i.handle, pointer(data), uintptr(len(data)))
	runtime.KeepAlive(data)
	if status == 0 {
		return nil
	}
	if err := i.err(); err != nil {
		return err
	}
	return newException("appending to the insert stream was refused")
}

// Done ends the data and commits the insert. It returns what was written.
func (i *Insert) Done() (Stats, error) {
	if i.ended {
		return Stats{}, ErrClosed
	}
	i.ended = true
	result, err := i.conn.lib.result(i.conn.lib.c.insertDone(i.handle))
	if err != nil {
		return Stats{}, err
	}
	defer result.Close()
	return result.Stats(), nil
}

// Close cancels the insert unless Done was called, and frees it. A second call
// does nothing.
func (i *Insert) Close() {
	if i.handle == 0 {
		return
	}
	if !i.ended {
		i.conn.lib.c.insertCancel(i.handle)
		i.ended = true
	}
	i.conn.lib.c.insertFree(i.handle)
	i.handle = 0
}
