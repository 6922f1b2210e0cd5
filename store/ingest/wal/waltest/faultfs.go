// Package waltest is a file system that fails as it is told, for tests of what
// keeps its data in package wal.
package waltest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"syscall"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// Op is a step that can fail.
type Op string

// The steps.
const (
	Create   Op = "create"
	Open     Op = "open"
	Write    Op = "write"
	Sync     Op = "sync"
	Truncate Op = "truncate"
	Rename   Op = "rename"
	Remove   Op = "remove"
	SyncDir  Op = "syncdir"
)

// ErrCrashed is what every step returns after a crash.
var ErrCrashed = errors.New("the machine has crashed")

// FS is the operating system's file system with faults. Its methods may be
// called from many goroutines.
type FS struct {
	wal.OS

	mu      sync.Mutex
	before  func(op Op, path string) error
	free    int64            // bytes that still fit, if limited
	limited bool             //
	crash   int64            // bytes until the crash, -1: none
	synced  map[string]int64 // size that the last sync of each file covered
	sizes   map[string]int64
	written int64
}

// New returns a file system without faults.
func New() *FS {
	return &FS{crash: -1, synced: map[string]int64{}, sizes: map[string]int64{}}
}

// Fail asks a function before each step; an error makes the step fail without
// effect. nil ends that.
func (f *FS) Fail(before func(op Op, path string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

// Free makes the disk hold n more bytes; a write beyond is cut short and fails
// with ENOSPC.
func (f *FS) Free(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free, f.limited = n, true
}

// CrashAfter cuts the write that passes n more bytes and fails it and every
// step after it.
func (f *FS) CrashAfter(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crash = n
}

// Written counts the bytes written so far.
func (f *FS) Written() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written
}

// Unsynced returns, by path, the size of each file that the last sync covered,
// for files that grew since.
func (f *FS) Unsynced() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := maps.Clone(f.synced)
	maps.DeleteFunc(out, func(path string, n int64) bool { return f.sizes[path] == n })
	return out
}

// step decides about a step. The lock is held.
func (f *FS) step(op Op, path string) error {
	if f.crash == 0 {
		return ErrCrashed
	}
	if f.before == nil {
		return nil
	}
	if err := f.before(op, path); err != nil {
		return fmt.Errorf("%s %s: %w", op, path, err)
	}
	return nil
}

func (f *FS) ask(op Op, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.step(op, path)
}

// Create implements wal.FS.
func (f *FS) Create(path string) (wal.File, error) {
	if err := f.ask(Create, path); err != nil {
		return nil, err
	}
	file, err := f.OS.Create(path)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.synced[path], f.sizes[path] = 0, 0
	return &faultFile{File: file, fs: f, path: path}, nil
}

// Open implements wal.FS.
func (f *FS) Open(path string) (wal.File, error) {
	if err := f.ask(Open, path); err != nil {
		return nil, err
	}
	file, err := f.OS.Open(path)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, fs: f, path: path}, nil
}

// Rename implements wal.FS.
func (f *FS) Rename(from, to string) error {
	if err := f.ask(Rename, from); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.synced[to], f.sizes[to] = f.synced[from], f.sizes[from]
	delete(f.synced, from)
	return f.OS.Rename(from, to)
}

// Remove implements wal.FS.
func (f *FS) Remove(path string) error {
	if err := f.ask(Remove, path); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.OS.Remove(path); err != nil {
		return err
	}
	f.free += f.sizes[path]
	delete(f.synced, path)
	delete(f.sizes, path)
	return nil
}

// SyncDir implements wal.FS.
func (f *FS) SyncDir(dir string) error {
	if err := f.ask(SyncDir, dir); err != nil {
		return err
	}
	return f.OS.SyncDir(dir)
}

// Lock implements wal.FS.
func (f *FS) Lock(path string) (io.Closer, error) { return f.OS.Lock(path) }

type faultFile struct {
	wal.File
	fs   *FS
	path string
}

func (f *faultFile) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.step(Write, f.path); err != nil {
		return 0, err
	}
	n, err := f.fs.cut(len(p))
	written, werr := f.File.Write(p[:n])
	f.fs.sizes[f.path] += int64(written)
	f.fs.written += int64(written)
	return written, errors.Join(werr, err)
}

// cut returns how much of a write of n bytes takes place.
func (f *FS) cut(n int) (int, error) {
	if f.crash >= 0 && int64(n) >= f.crash {
		n = int(f.crash)
		f.crash = 0
		return n, ErrCrashed
	}
	if f.crash > 0 {
		f.crash -= int64(n)
	}
	if !f.limited {
		return n, nil
	}
	if int64(n) > f.free {
		n = int(max(f.free, 0))
		f.free = 0
		return n, syscall.ENOSPC
	}
	f.free -= int64(n)
	return n, nil
}

func (f *faultFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.step(Sync, f.path); err != nil {
		return err
	}
	f.fs.synced[f.path] = f.fs.sizes[f.path]
	return f.File.Sync()
}

func (f *faultFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.step(Truncate, f.path); err != nil {
		return err
	}
	f.fs.free += max(f.fs.sizes[f.path]-size, 0)
	f.fs.sizes[f.path] = size
	return f.File.Truncate(size)
}
