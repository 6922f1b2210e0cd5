package wal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// written makes a log of n blocks in one segment and returns the segment's path
// and the offset of each record, the end of the file last.
func written(t testing.TB, dir string, n int) (path string, offsets []int64) {
	t.Helper()
	l := open(t, dir, wal.Options{ID: 77})
	for i := range n {
		appendBlocks(t, l, i, i+1)
		if path == "" {
			path = segments(t, dir)[0]
			offsets = append(offsets, 32)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		offsets = append(offsets, info.Size())
	}
	closed(t, l)
	return path, offsets
}

// edit changes the bytes of a file.
func edit(t testing.TB, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func without(n int, gone ...int) (out []int) {
	for i := range n {
		keep := true
		for _, g := range gone {
			keep = keep && g != i
		}
		if keep {
			out = append(out, i)
		}
	}
	return out
}

func TestRecovery(t *testing.T) {
	const n = 6
	flip := func(at int64) func([]byte, []int64) []byte {
		return func(b []byte, o []int64) []byte { b[o[2]+at] ^= 0x40; return b }
	}
	for name, tc := range map[string]struct {
		change func(b []byte, offsets []int64) []byte
		want   []int
		torn   int
		broken int
	}{
		"whole":                   {func(b []byte, _ []int64) []byte { return b }, without(n), 0, 0},
		"last byte gone":          {func(b []byte, _ []int64) []byte { return b[:len(b)-1] }, without(n, 5), 1, 0},
		"last record's head":      {func(b []byte, o []int64) []byte { return b[:o[5]+5] }, without(n, 5), 1, 0},
		"cut between records":     {func(b []byte, o []int64) []byte { return b[:o[4]] }, without(n, 4, 5), 0, 0},
		"cut within a record":     {func(b []byte, o []int64) []byte { return b[:o[4]+20] }, without(n, 4, 5), 1, 0},
		"zeros behind":            {func(b []byte, _ []int64) []byte { return append(b, make([]byte, 100_000)...) }, without(n), 1, 0},
		"zeros for a record":      {func(b []byte, o []int64) []byte { clear(b[o[5]:]); return b }, without(n, 5), 1, 0},
		"zeros for half a record": {func(b []byte, o []int64) []byte { clear(b[o[5]+20:]); return b }, without(n, 5), 0, 1},
		"garbage behind":          {func(b []byte, _ []int64) []byte { return append(b, "garbage"...) }, without(n), 1, 0},
		"much garbage behind":     {func(b []byte, _ []int64) []byte { return append(b, bytes.Repeat([]byte("garbage"), 100)...) }, without(n), 0, 1},
		"bit in the marker":       {flip(0), without(n, 2), 0, 1},
		"bit in the length":       {flip(4), without(n, 2), 0, 1},
		"high bit in the length":  {flip(7), without(n, 2), 0, 1},
		"bit in the checksum":     {flip(8), without(n, 2), 0, 1},
		"bit in the number":       {flip(12), without(n, 2), 0, 1},
		"bit in a name's length":  {flip(40), without(n, 2), 0, 1},
		"bit in the body":         {flip(120), without(n, 2), 0, 1},
		"two records":             {func(b []byte, o []int64) []byte { b[o[1]+50]++; b[o[3]+50]++; return b }, without(n, 1, 3), 0, 2},
		"two in a row":            {func(b []byte, o []int64) []byte { b[o[2]+50]++; b[o[3]+50]++; return b }, without(n, 2, 3), 0, 1},
		"last record's body":      {func(b []byte, _ []int64) []byte { b[len(b)-1]++; return b }, without(n, 5), 0, 1},
		"all but the header": {func(b []byte, _ []int64) []byte {
			return append(b[:32], bytes.Repeat([]byte{0xf1, 'W', 'A', 'L'}, 500)...)
		}, nil, 0, 1},
		"bytes between":          {func(b []byte, o []int64) []byte { return bytes.Join([][]byte{b[:o[3]], b[o[3]:]}, []byte("x")) }, without(n, 3, 4, 5), 0, 1},
		"a record's copy behind": {func(b []byte, o []int64) []byte { return append(b, b[o[0]:o[1]]...) }, without(n), 0, 1},
		"nothing":                {func([]byte, []int64) []byte { return nil }, nil, 1, 0},
		"half a header":          {func(b []byte, _ []int64) []byte { return b[:16] }, nil, 1, 0},
		"a bit in the header":    {func(b []byte, _ []int64) []byte { b[13]++; return b }, nil, 0, 1},
		"the header alone":       {func(b []byte, _ []int64) []byte { return b[:32] }, nil, 0, 0},
		"another version":        {func(b []byte, _ []int64) []byte { b[8] = 2; return b }, nil, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path, offsets := written(t, dir, n)
			var before []byte
			edit(t, path, func(b []byte) []byte { before = tc.change(b, offsets); return before })
			l := open(t, dir, wal.Options{})
			wantNumbers(t, l, tc.want)
			got := l.Stats().Recovery
			if got.Torn != tc.torn || got.Damaged != tc.broken || got.Blocks != len(tc.want) {
				t.Errorf("recovery = %+v, want %d torn, %d damaged", got, tc.torn, tc.broken)
			}
			quarantined(t, dir, before, got)
			appendBlocks(t, l, 50, 51) // the log goes on
			closed(t, l)
			l = open(t, dir, wal.Options{})
			wantNumbers(t, l, append(tc.want, 50))
			if got := l.Stats().Recovery; got.Torn != 0 {
				t.Errorf("recovery = %+v at the second start: the tail was not cut off", got)
			}
		})
	}
}

// quarantined checks that the damaged bytes are kept, with a reason.
func quarantined(t *testing.T, dir string, before []byte, r wal.Recovery) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "quarantine", "*.bin"))
	if err != nil || len(files) != r.Damaged {
		t.Fatalf("%d files in quarantine, %v, want %d", len(files), err, r.Damaged)
	}
	var kept int64
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kept += int64(len(b))
		if !bytes.Contains(before, b) {
			t.Errorf("%s does not hold the bytes of the segment", file)
		}
		text, err := os.ReadFile(strings.TrimSuffix(file, ".bin") + ".txt")
		if err != nil || !strings.Contains(string(text), "reason: ") {
			t.Errorf("%s has no reason: %s, %v", file, text, err)
		}
	}
	if kept != r.DamagedBytes {
		t.Errorf("%d bytes in quarantine, %d counted", kept, r.DamagedBytes)
	}
}

// TestRecoveryOfEveryCut cuts a segment at every byte: the blocks before the
// cut are there.
func TestRecoveryOfEveryCut(t *testing.T) {
	dir := t.TempDir()
	path, offsets := written(t, dir, 4)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, dir, wal.Options{})
		want := 0
		for want+1 < len(offsets) && offsets[want+1] <= int64(cut) {
			want++
		}
		wantNumbers(t, l, sequence(0, want))
		if r := l.Stats().Recovery; r.Damaged != 0 {
			t.Fatalf("cut at %d: %+v, want a torn tail", cut, r)
		}
		closed(t, l)
	}
}

// TestRecoveryOfEveryBit flips a bit in every byte behind the header: exactly
// the record that it belongs to is missing.
func TestRecoveryOfEveryBit(t *testing.T) {
	dir := t.TempDir()
	path, offsets := written(t, dir, 3)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 32; at < len(whole); at++ {
		b := bytes.Clone(whole)
		b[at] ^= 1 << (at % 8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		hit := 0
		for offsets[hit+1] <= int64(at) {
			hit++
		}
		l := open(t, dir, wal.Options{})
		wantNumbers(t, l, without(3, hit))
		closed(t, l)
	}
}

func TestDamagedCheckpoint(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"flipped": func(b []byte) []byte { b[len(b)/2]++; return b },
		"cut":     func(b []byte) []byte { return b[:len(b)-1] },
		"empty":   func([]byte) []byte { return nil },
		"other":   func(b []byte) []byte { return bytes.Repeat([]byte("x"), len(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir, wal.Options{})
			l.Done(appendBlocks(t, l, 0, 3)[1])
			closed(t, l)
			edit(t, filepath.Join(dir, "checkpoint"), change)
			l = open(t, dir, wal.Options{})
			wantNumbers(t, l, sequence(0, 3)) // sent again under the same token
			if !l.Stats().Recovery.LostCheckpoint {
				t.Error("the lost checkpoint is not mentioned")
			}
		})
	}
}

// TestReadSeesRot: bytes that change after they were acknowledged are noticed
// when the block is sent.
func TestReadSeesRot(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{})
	e := appendBlocks(t, l, 0, 2)
	edit(t, segments(t, dir)[0], func(b []byte) []byte { b[40]++; return b })
	if _, err := l.Read(e[0]); err == nil || !strings.Contains(err.Error(), "wrong checksum") {
		t.Errorf("error = %v", err)
	}
	if _, err := l.Read(e[1]); err != nil {
		t.Error(err)
	}
}

// TestStrangersAreLeftAlone: files of other names are neither read nor removed.
func TestStrangersAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", "1.wal", "zzzzzzzzzzzzzzzz.wal", "checkpoint.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("hands off"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, dir, wal.Options{})
	appendBlocks(t, l, 0, 1)
	closed(t, l)
	for _, name := range []string{"notes.txt", "1.wal", "zzzzzzzzzzzzzzzz.wal"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "hands off" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}
