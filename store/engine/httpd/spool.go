package httpd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of a result that must be held back whole stays in
// memory, in bytes; the rest goes to a file, as on a server.
const spoolMemory = 32 << 20

// spool holds bytes back: in memory, and beyond its limit in a file that has no
// name, so that it is gone with the process.
type spool struct {
	dir   string // where the file may be
	limit int    // of memory
	head  bytes.Buffer
	file  *os.File // nil: everything is in head
	size  int
}

// Write adds p at the end.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.head.Len()+len(p) <= s.limit {
		s.size += len(p)
		return s.head.Write(p)
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	n, err := s.file.Write(p)
	s.size += n
	if err != nil {
		return n, fmt.Errorf("holding back a result of %d bytes: %w", s.size, err)
	}
	return n, nil
}

func (s *spool) open() error {
	file, err := os.CreateTemp(s.dir, "held-*")
	if err != nil {
		return fmt.Errorf("holding back a result of %d bytes: %w", s.size, err)
	}
	s.file = file
	return os.Remove(file.Name())
}

// Len is how much was written, in bytes.
func (s *spool) Len() int { return s.size }

// WriteTo writes everything to w.
func (s *spool) WriteTo(w io.Writer) (int64, error) {
	n, err := s.head.WriteTo(w)
	if err != nil || s.file == nil {
		return n, err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return n, fmt.Errorf("reading a result held back: %w", err)
	}
	rest, err := io.Copy(w, s.file)
	return n + rest, err
}

// Close lets everything go. A second call does nothing.
func (s *spool) Close() error {
	s.head = bytes.Buffer{}
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
