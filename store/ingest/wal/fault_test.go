package wal_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal/waltest"
)

// failing returns a function that lets steps of one kind on segments fail: the
// n-th and those after it, for as many as times says.
func failing(op waltest.Op, n, times int64, err error) func(waltest.Op, string) error {
	var seen atomic.Int64
	return func(o waltest.Op, path string) error {
		if o != op || op != waltest.SyncDir && !strings.HasSuffix(path, ".wal") {
			return nil
		}
		if i := seen.Add(1); i >= n && i < n+times {
			return err
		}
		return nil
	}
}

// TestOneFailureIsHealed: whatever fails once, the block gets into a new
// segment, and no sync is tried twice on the same file.
func TestOneFailureIsHealed(t *testing.T) {
	for _, op := range []waltest.Op{waltest.Write, waltest.Sync} {
		for _, n := range []int64{1, 2, 3} {
			t.Run(fmt.Sprint(op, n), func(t *testing.T) {
				dir, fs := t.TempDir(), waltest.New()
				l := open(t, dir, wal.Options{FS: fs})
				appendBlocks(t, l, 0, 5)
				fs.Fail(failing(op, n, 1, syscall.EIO))
				appendBlocks(t, l, 5, 10)
				fs.Fail(nil)
				if s := l.Stats(); s.Failures != 1 || s.Segments != 2 {
					t.Errorf("stats = %+v, want one failure and a second segment", s)
				}
				wantNumbers(t, l, sequence(0, 10))
				closed(t, l)
				l = open(t, dir, wal.Options{})
				wantNumbers(t, l, sequence(0, 10))
				if r := l.Stats().Recovery; r.Torn+r.Damaged != 0 {
					t.Errorf("recovery = %+v, want the abandoned segment cut clean", r)
				}
			})
		}
	}
}

func TestNoSyncAfterAFailedOne(t *testing.T) {
	dir, fs := t.TempDir(), waltest.New()
	l := open(t, dir, wal.Options{FS: fs})
	appendBlocks(t, l, 0, 1)
	first := segments(t, dir)[0]
	failed := false
	fs.Fail(func(op waltest.Op, path string) error {
		switch {
		case path != first:
			return nil
		case failed && (op == waltest.Sync || op == waltest.Write):
			t.Errorf("%s of a segment whose sync has failed", op)
		case op == waltest.Sync:
			failed = true
			return syscall.EIO
		}
		return nil
	})
	appendBlocks(t, l, 1, 5)
	if !failed {
		t.Fatal("nothing was synced")
	}
	wantNumbers(t, l, sequence(0, 5))
}

// TestLastingFailureIsReported: Append returns the error, what was acknowledged
// stays, and when the disk is well again the log goes on.
func TestLastingFailureIsReported(t *testing.T) {
	for _, op := range []waltest.Op{waltest.Write, waltest.Sync, waltest.Create} {
		t.Run(string(op), func(t *testing.T) {
			dir, fs := t.TempDir(), waltest.New()
			l := open(t, dir, wal.Options{FS: fs, Segment: 400})
			appendBlocks(t, l, 0, 5)
			fs.Fail(failing(op, 1, 1<<40, syscall.EIO))
			for n := range 10 {
				if _, err := l.Append(block(100 + n)); !errors.Is(err, syscall.EIO) {
					t.Errorf("error = %v, want EIO", err)
				}
			}
			fs.Fail(nil)
			appendBlocks(t, l, 5, 10)
			wantNumbers(t, l, sequence(0, 10))
			closed(t, l)
			l = open(t, dir, wal.Options{})
			wantNumbers(t, l, sequence(0, 10))
		})
	}
}

// TestFailedTruncateIsNoLoss: the abandoned tail is found again, and given
// once.
func TestFailedTruncateIsNoLoss(t *testing.T) {
	dir, fs := t.TempDir(), waltest.New()
	l := open(t, dir, wal.Options{FS: fs})
	appendBlocks(t, l, 0, 5)
	sync := failing(waltest.Sync, 1, 1, syscall.EIO)
	fs.Fail(func(op waltest.Op, path string) error {
		if op == waltest.Truncate {
			return syscall.EIO
		}
		return sync(op, path)
	})
	appendBlocks(t, l, 5, 8)
	fs.Fail(nil)
	closed(t, l)
	l = open(t, dir, wal.Options{})
	wantNumbers(t, l, sequence(0, 8))
}

func TestDiskFull(t *testing.T) {
	dir, fs := t.TempDir(), waltest.New()
	l := open(t, dir, wal.Options{FS: fs, Segment: 1000, MaxBytes: 1 << 20})
	fs.Free(6000)
	n := 0
	for ; ; n++ {
		if _, err := l.Append(block(n)); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			break
		}
	}
	if n < 10 {
		t.Fatalf("%d blocks on a disk of 6000 bytes", n)
	}
	wantNumbers(t, l, sequence(0, n))
	fs.Free(1 << 20)
	appendBlocks(t, l, n, n+5)
	wantNumbers(t, l, sequence(0, n+5))
	closed(t, l)
	l = open(t, dir, wal.Options{})
	wantNumbers(t, l, sequence(0, n+5))
}

// TestFullDiskTakesTheKeptSegments: those that are only kept go first.
func TestFullDiskTakesTheKeptSegments(t *testing.T) {
	fs := waltest.New()
	l := open(t, t.TempDir(), wal.Options{FS: fs, Segment: 1000})
	for _, e := range appendBlocks(t, l, 0, 30) {
		l.Done(e)
	}
	if err := l.Tick(midnight); err != nil {
		t.Fatal(err)
	}
	kept := l.Stats().Segments
	fs.Free(0)
	if _, err := l.Append(block(30)); err != nil {
		t.Errorf("error = %v although %d segments could go", err, kept)
	}
	if got := l.Stats().Segments; kept < 5 || got > 2 {
		t.Errorf("%d segments of %d left", got, kept)
	}
}

// TestFullDiskWithoutCheckpoint: what is done goes even if there is no space for
// the checkpoint that would say so, and is not given again.
func TestFullDiskWithoutCheckpoint(t *testing.T) {
	for name, step := range map[string]func(*wal.Log) error{
		"append": func(l *wal.Log) error { _, err := l.Append(block(30)); return err },
		"tick":   func(l *wal.Log) error { return l.Tick(midnight) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, fs := t.TempDir(), waltest.New()
			l := open(t, dir, wal.Options{FS: fs, Segment: 1000})
			for _, e := range appendBlocks(t, l, 0, 29) {
				l.Done(e)
			}
			appendBlocks(t, l, 29, 30)
			fs.Free(0)
			if err := step(l); err != nil {
				t.Fatalf("error = %v although the blocks of whole segments are done", err)
			}
			closed(t, l)
			l = open(t, dir, wal.Options{})
			if got := numbers(t, l); len(got) == 0 || got[0] != 29 {
				t.Errorf("blocks %v after a restart, want 29 first", got)
			}
		})
	}
}

// TestCheckpointThatFails: the log goes on, and what was done is done once the
// disk is well again.
func TestCheckpointThatFails(t *testing.T) {
	for _, op := range []waltest.Op{waltest.Create, waltest.Write, waltest.Sync, waltest.Rename, waltest.SyncDir} {
		t.Run(string(op), func(t *testing.T) {
			dir, fs := t.TempDir(), waltest.New()
			l := open(t, dir, wal.Options{FS: fs})
			e := appendBlocks(t, l, 0, 3)
			l.Done(e[0])
			fs.Fail(func(o waltest.Op, path string) error {
				if o == op && !strings.HasSuffix(path, ".wal") {
					return syscall.EIO
				}
				return nil
			})
			if err := l.Tick(midnight); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "writing checkpoint") {
				t.Errorf("error = %v", err)
			}
			fs.Fail(nil)
			appendBlocks(t, l, 3, 4)
			if err := l.Tick(midnight.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			closed(t, l)
			l = open(t, dir, wal.Options{})
			wantNumbers(t, l, []int{1, 2, 3})
		})
	}
}

// TestSegmentThatCannotBeRemoved stays in the books and is tried again.
func TestSegmentThatCannotBeRemoved(t *testing.T) {
	dir, fs := t.TempDir(), waltest.New()
	l := open(t, dir, wal.Options{FS: fs, Segment: 500})
	for _, e := range appendBlocks(t, l, 0, 10) {
		l.Done(e)
	}
	fs.Fail(failing(waltest.Remove, 1, 1<<40, syscall.EPERM))
	for i := range 3 {
		if err := l.Tick(midnight.Add(time.Duration(i) * time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := l.Stats().Segments, len(segments(t, dir)); got != want || got < 3 {
		t.Errorf("%d segments in the books, %d files", got, want)
	}
	fs.Fail(nil)
	if err := l.Tick(midnight.Add(4 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := len(segments(t, dir)); got != 1 {
		t.Errorf("%d segments left, want the active one", got)
	}
}

func TestOpenReportsWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{})
	appendBlocks(t, l, 0, 1)
	closed(t, l)
	for _, name := range []string{"checkpoint", "0000000000000001.wal"} {
		fs := waltest.New()
		fs.Fail(func(op waltest.Op, path string) error {
			if op == waltest.Open && filepath.Base(path) == name {
				return syscall.EIO
			}
			return nil
		})
		if _, err := wal.Open(dir, wal.Options{FS: fs}); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), name) {
			t.Errorf("error = %v, want EIO and %s", err, name)
		}
	}
	wantNumbers(t, open(t, dir, wal.Options{}), []int{0}) // the lock was given back
}
