package wal_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// The functions below are written from FORMAT.md, not from the code.

func le(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if text, ok := v.(string); ok {
			b.WriteString(text)
			continue
		}
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func crc32c(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func specHeader(id, number uint64) []byte {
	b := le("plimwal\n", uint32(1), id, number)
	return append(b, le(crc32c(b))...)
}

func specRecord(id, number, offset, seq uint64, b *wal.Block) []byte {
	payload := le(seq, b.Created.UnixMicro(), b.Schema, b.Shard, b.Rows, uint8(len(b.Table)), uint16(len(b.Token)), b.Table, b.Token, string(b.Body))
	sum := crc32c(append(le(id, number, offset, uint32(len(payload))), payload...))
	return append(le("\xf1WAL", uint32(len(payload)), sum), payload...)
}

func specCheckpoint(next uint64, boot [16]byte, done ...uint64) []byte {
	b := le("plimchk\n", uint32(1), next, boot, uint32(len(done)/2), done)
	return append(b, le(crc32c(b))...)
}

// specSegment is a segment of blocks with the numbers 1, 2, ….
func specSegment(id, number uint64, blocks ...*wal.Block) []byte {
	b := specHeader(id, number)
	for i, block := range blocks {
		b = append(b, specRecord(id, number, uint64(len(b)), uint64(i+1), block)...)
	}
	return b
}

// TestFormat holds what is written to the specification, byte by byte.
func TestFormat(t *testing.T) {
	dir, boot := t.TempDir(), [16]byte{1, 2, 3}
	const id = 0x1122334455667788
	l := open(t, dir, wal.Options{ID: id, Boot: boot})
	entries := appendBlocks(t, l, 10, 15)
	for _, i := range []int{0, 1, 3} {
		l.Done(entries[i])
	}
	closed(t, l)
	want := map[string][]byte{
		"0000000000000001.wal": specSegment(id, 1, block(10), block(11), block(12), block(13), block(14)),
		"checkpoint":           specCheckpoint(6, boot, 1, 2, 4, 4),
		"lock":                 nil,
	}
	got := map[string][]byte{}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if got[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("files (-specified +written):\n%s", diff)
	}
}

// TestFormatIsRead opens a directory that was written from the specification.
func TestFormatIsRead(t *testing.T) {
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"0000000000000007.wal": specSegment(3, 7, block(1), block(2), block(3)),
		"checkpoint":           specCheckpoint(50, [16]byte{}, 2, 2),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, dir, wal.Options{ID: 4})
	wantNumbers(t, l, []int{1, 3})
	if e := appendBlocks(t, l, 4, 5)[0]; e.Seq != 50 {
		t.Errorf("the next number is %d, want that of the checkpoint", e.Seq)
	}
	if got := filepath.Base(segments(t, dir)[1]); got != "0000000000000008.wal" {
		t.Errorf("the next segment is %s", got)
	}
}

// TestRecordsOfAnotherPlace: a record that was copied to another segment or
// another offset, or that stands in the body of a block, is none.
func TestRecordsOfAnotherPlace(t *testing.T) {
	dir := t.TempDir()
	inner := specRecord(3, 1, 32, 1, block(9))
	outer := block(1)
	outer.Body = append(bytes.Clone(inner), "and more"...)
	outer.Token = wal.Token([16]byte{1}, outer.Body)
	segment := specSegment(3, 1, outer, block(2))
	segment[40]++ // the outer record is damaged: its body is searched
	foreign := specHeader(3, 2)
	foreign = append(foreign, specRecord(3, 1, 32, 5, block(5))...)
	for name, b := range map[string][]byte{"0000000000000001.wal": segment, "0000000000000002.wal": foreign} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, dir, wal.Options{})
	wantNumbers(t, l, []int{2})
	if r := l.Stats().Recovery; r.Damaged != 2 {
		t.Errorf("recovery = %+v, want the outer and the foreign record damaged", r)
	}
}

// TestFileOfManyMarkers: a search for records that finds markers alone ends.
func TestFileOfManyMarkers(t *testing.T) {
	dir := t.TempDir()
	b := specHeader(1, 1)
	fake := append(le("\xf1WAL", uint32(1<<19), uint32(0)), make([]byte, 20)...)
	b = append(b, bytes.Repeat(fake, 64<<10)...)
	if err := os.WriteFile(filepath.Join(dir, "0000000000000001.wal"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, wal.Options{})
	if r := l.Stats().Recovery; r.Damaged != 1 || r.DamagedBytes != int64(len(b)-32) {
		t.Errorf("recovery = %+v, want all of it in quarantine", r)
	}
}

// TestTimesSurvive: also those that no clock should show.
func TestTimesSurvive(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, wal.Options{})
	times := []time.Time{time.Unix(0, 0).UTC(), time.Date(1900, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i, at := range times {
		b := block(i)
		b.Created = at
		if _, err := l.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, l)
	l = open(t, dir, wal.Options{})
	for i, e := range l.Pending() {
		if !e.Created.Equal(times[i]) {
			t.Errorf("created %s, want %s", e.Created, times[i])
		}
	}
}
