package wal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

func readOnly(t testing.TB, dir string) *wal.Content {
	t.Helper()
	c, err := wal.ReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sealedBlock is what a reader says of block n.
func sealedBlock(seq uint64, n int, done bool) wal.Sealed {
	b := block(n)
	return wal.Sealed{Seq: seq, Token: b.Token, Table: b.Table, Rows: b.Rows, Created: b.Created, Done: done}
}

// files returns names and contents of a directory.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestReadOnlyBesideTheLog reads a log that is open and goes on writing: what is
// there is seen, nothing is changed, and the log is not hindered.
func TestReadOnlyBesideTheLog(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{ID: 1})
	if c := readOnly(t, dir); len(c.Blocks) != 0 || !c.NoCheckpoint {
		t.Errorf("a log without blocks: %+v", c)
	}
	entries := appendBlocks(t, l, 10, 14)
	l.Done(entries[0])
	l.Done(entries[2])
	if got := readOnly(t, dir); !got.NoCheckpoint || got.Blocks[0].Done {
		t.Errorf("before a checkpoint: %+v, want nothing done", got)
	}
	if err := l.Tick(midnight); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	want := &wal.Content{Segments: 1, Blocks: []wal.Sealed{
		sealedBlock(1, 10, true), sealedBlock(2, 11, false), sealedBlock(3, 12, true), sealedBlock(4, 13, false),
	}}
	if diff := cmp.Diff(want, readOnly(t, dir)); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("reading changed the directory:\n%s", diff)
	}
	appendBlocks(t, l, 14, 16)
	if got := readOnly(t, dir); len(got.Blocks) != 6 {
		t.Errorf("%d blocks, want those that were appended meanwhile too", len(got.Blocks))
	}
	wantNumbers(t, l, []int{11, 13, 14, 15})
}

// TestReadOnlyKeepsUpWithRetention: done segments are seen for as long as they
// are kept.
func TestReadOnlyKeepsUpWithRetention(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{ID: 1, Segment: 1, Keep: 10 * time.Minute})
	for _, e := range appendBlocks(t, l, 0, 3) {
		l.Done(e)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 3}, {10*time.Minute - time.Second, 3}, {10 * time.Minute, 1}} { // the last segment is still open
		if err := l.Tick(midnight.Add(step.after)); err != nil {
			t.Fatal(err)
		}
		if got := len(readOnly(t, dir).Blocks); got != step.want {
			t.Errorf("after %s: %d blocks, want %d", step.after, got, step.want)
		}
	}
}

// TestReadOnlyWithoutWriting: neither the directory nor its files have to be
// writable.
func TestReadOnlyWithoutWriting(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{ID: 1})
	appendBlocks(t, l, 1, 3)
	closed(t, l)
	for path := range files(t, dir) {
		if err := os.Chmod(path, 0o400); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if got := readOnly(t, dir); len(got.Blocks) != 2 {
		t.Errorf("%+v, want both blocks", got)
	}
}

// TestReadOnlyOfDamage reads what crashes and disks leave, and repairs nothing.
func TestReadOnlyOfDamage(t *testing.T) {
	segment := specSegment(3, 1, block(1), block(2), block(3))
	second := len(specSegment(3, 1, block(1)))
	change := func(at int) []byte {
		b := bytes.Clone(segment)
		b[at] ^= 0xff
		return b
	}
	checkpoint := specCheckpoint(50, [16]byte{}, 2, 3)
	one, two, three := sealedBlock(1, 1, false), sealedBlock(2, 2, true), sealedBlock(3, 3, true)
	for name, tc := range map[string]struct {
		files map[string][]byte
		want  wal.Content
	}{
		"whole": {
			map[string][]byte{"0000000000000001.wal": segment, "checkpoint": checkpoint},
			wal.Content{Segments: 1, Blocks: []wal.Sealed{one, two, three}},
		},
		"a record is being written": {
			map[string][]byte{"0000000000000001.wal": segment[:len(segment)-1], "checkpoint": checkpoint},
			wal.Content{Segments: 1, Blocks: []wal.Sealed{one, two}, Unfinished: 1},
		},
		"a header is being written": {
			map[string][]byte{"0000000000000001.wal": segment, "0000000000000002.wal": segment[:9], "checkpoint": checkpoint},
			wal.Content{Segments: 2, Blocks: []wal.Sealed{one, two, three}, Unfinished: 1},
		},
		"a record is damaged": {
			map[string][]byte{"0000000000000001.wal": change(second + 20), "checkpoint": checkpoint},
			wal.Content{Segments: 1, Blocks: []wal.Sealed{one, three}, Damaged: 1, DamagedBytes: int64(len(specSegment(3, 1, block(1), block(2))) - second)},
		},
		"a header is damaged": {
			map[string][]byte{"0000000000000001.wal": change(0)},
			wal.Content{Segments: 1, Damaged: 1, DamagedBytes: int64(len(segment)), NoCheckpoint: true},
		},
		"the checkpoint is damaged": {
			map[string][]byte{"0000000000000001.wal": segment, "checkpoint": checkpoint[1:]},
			wal.Content{Segments: 1, Blocks: []wal.Sealed{one, sealedBlock(2, 2, false), sealedBlock(3, 3, false)}, NoCheckpoint: true},
		},
		"a record was written again": {
			map[string][]byte{"0000000000000001.wal": segment, "0000000000000002.wal": specSegment(3, 2, block(1)), "checkpoint": checkpoint},
			wal.Content{Segments: 2, Blocks: []wal.Sealed{one, two, three}},
		},
		"files of other names": {
			map[string][]byte{"lock": nil, "1.wal": segment, "notes.txt": nil, "zzzzzzzzzzzzzzzz.wal": segment},
			wal.Content{NoCheckpoint: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range slices.Sorted(maps.Keys(tc.files)) {
				if err := os.WriteFile(filepath.Join(dir, file), tc.files[file], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before := files(t, dir)
			if diff := cmp.Diff(&tc.want, readOnly(t, dir), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, files(t, dir)); diff != "" {
				t.Errorf("reading changed the directory:\n%s", diff)
			}
		})
	}
}

func TestReadOnlyOfOtherDirectories(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wal.ReadOnly(dir); !errors.Is(err, wal.ErrNoLog) {
		t.Errorf("error = %v, want that this is no log", err)
	}
	if _, err := wal.ReadOnly(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v, want that there is nothing", err)
	}
	if _, err := wal.ReadOnly(filepath.Join(dir, "notes.txt")); err == nil {
		t.Error("a file is taken for a log")
	}
}
