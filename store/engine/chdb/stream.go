package chdb

import (
	"errors"
	"io"
)

// Stream is a running SELECT whose result is taken chunk by chunk. Chunks of a
// format without header and footer (Native, RowBinary, TabSeparated, CSV,
// JSONEachRow) concatenate to the whole result; others do not.
type Stream struct {
	conn *Conn
	head *Result
	done bool
}

// Stream starts a statement whose rows are then taken with Next. The connection
// serves nothing else until the stream is closed.
func (c *Conn) Stream(sql, format string, params Params) (*Stream, error) {
	if c.ref == nil {
		return nil, ErrClosed
	}
	head, err := c.lib.result(bindParams(params).call(c.lib.c.streamQuery, c.handle(), sql, format))
	if err != nil {
		return nil, err
	}
	return &Stream{conn: c, head: head}, nil
}

// Next returns the next chunk, which the caller closes, and io.EOF after the
// last one. Any error ends the stream.
func (s *Stream) Next() (*Result, error) {
	if s.done {
		return nil, io.EOF
	}
	if s.conn.ref == nil {
		return nil, ErrClosed
	}
	chunk, err := s.conn.lib.result(s.conn.lib.c.streamFetch(s.conn.handle(), s.head.handle))
	if err != nil {
		s.done = true
		return nil, err
	}
	if len(chunk.Bytes()) == 0 {
		s.done = true
		chunk.Close()
		return nil, io.EOF
	}
	return chunk, nil
}

// Close frees the stream and, when rows are left, cancels the statement. A
// second call does nothing.
func (s *Stream) Close() error {
	if s.head.handle == 0 {
		return nil
	}
	if s.conn.ref == nil {
		return errors.Join(ErrClosed, errors.New("stream outlived its connection"))
	}
	if !s.done {
		s.conn.lib.c.streamStop(s.conn.handle(), s.head.handle)
		s.done = true
	}
	s.head.Close()
	return nil
}
