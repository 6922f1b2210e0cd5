package chdb

import "unsafe"

// Stats are the counters of a result or of one chunk of it.
type Stats struct {
	ReadRows, ReadBytes       uint64 // read from storage, up to now
	ResultRows, ResultBytes   uint64 // held by this result or chunk
	WrittenRows, WrittenBytes uint64 // inserted
}

// Result is a finished result, or one chunk of a Stream.
type Result struct {
	lib    *Library
	handle uintptr
}

// result wraps a result handle; a result that holds an exception is freed and
// returned as the error.
func (l *Library) result(handle uintptr) (*Result, error) {
	if handle == 0 {
		return nil, newException("libchdb returned no result")
	}
	r := &Result{lib: l, handle: handle}
	if text := goString(l.c.resultError(handle)); text != "" {
		r.Close()
		return nil, newException(text)
	}
	return r, nil
}

// Bytes returns the formatted rows. They are the engine's memory: valid until
// Close, never to be written.
func (r *Result) Bytes() []byte {
	if r.handle == 0 {
		return nil
	}
	n := r.lib.c.resultLength(r.handle)
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(r.lib.c.resultBuffer(r.handle)), n)
}

// Stats returns the counters of the result; zero after Close.
func (r *Result) Stats() Stats {
	if r.handle == 0 {
		return Stats{}
	}
	c := &r.lib.c
	return Stats{
		ReadRows: c.storageRowsRead(r.handle), ReadBytes: c.storageBytesRead(r.handle),
		ResultRows: c.resultRowsRead(r.handle), ResultBytes: c.resultBytesRead(r.handle),
		WrittenRows: c.resultRowsWritten(r.handle), WrittenBytes: c.resultBytesWritten(r.handle),
	}
}

// Close frees the result. A second call does nothing.
func (r *Result) Close() {
	if r.handle != 0 {
		r.lib.c.resultFree(r.handle)
		r.handle = 0
	}
}
