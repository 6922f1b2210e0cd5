package wal_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// FuzzReader reads arbitrary segments: never a panic, every byte behind the
// header is either part of a valid record or reported as damage, and reading
// twice gives the same.
func FuzzReader(f *testing.F) {
	dir := f.TempDir()
	path, offsets := written(f, dir, 4)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:offsets[2]+30])
	f.Add(append(bytes.Clone(whole[:offsets[1]]), make([]byte, 300)...))
	f.Add(append(bytes.Clone(whole), whole[32:]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		blocks, valid, broken, err := wal.ScanAll(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return // no header
		}
		if valid+broken != int64(len(b))-32 {
			t.Fatalf("%d bytes of records and %d of damage in a file of %d", valid, broken, len(b))
		}
		again, _, _, err := wal.ScanAll(bytes.NewReader(b), int64(len(b)))
		if diff := cmp.Diff(blocks, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	})
}

// FuzzOpen opens a directory with an arbitrary segment and checkpoint: it must
// open, keep what is valid, and go on.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	path, _ := written(f, dir, 3)
	segment, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	check, err := os.ReadFile(dir + "/checkpoint")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(segment, check)
	f.Add(segment[:50], check[:10])
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, segment, check []byte) {
		dir := t.TempDir()
		for name, b := range map[string][]byte{"/0000000000000001.wal": segment, "/checkpoint": check} {
			if err := os.WriteFile(dir+name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := wal.Open(dir, wal.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Pending() {
			if _, err := l.Read(e); err != nil {
				t.Error(err)
			}
		}
		before := len(l.Pending())
		if _, err := l.Append(block(200)); err != nil {
			t.Fatal(err)
		}
		closed(t, l)
		l, err = wal.Open(dir, wal.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(l.Pending()); got != before+1 {
			t.Errorf("%d blocks after a restart, want %d", got, before+1)
		}
		closed(t, l)
	})
}
