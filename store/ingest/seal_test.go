package ingest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func TestBodyIsInFramesOfBoundedSize(t *testing.T) {
	g := newGenerator(3, time.Now())
	var records []*record.Request
	for range 20_000 {
		records = append(records, g.request())
	}
	body := sealedBy(t, &requestColumns{}, records...).body
	frames := 0
	for rest := body; len(rest) > 0; frames++ {
		// checksum 16 bytes, method 1, size with this header of 9 bytes, raw size
		size, raw := binary.LittleEndian.Uint32(rest[17:]), binary.LittleEndian.Uint32(rest[21:])
		if rest[16] != 0x82 || raw > frameBytes {
			t.Fatalf("frame %d: method %#x, %d raw bytes", frames, rest[16], raw)
		}
		rest = rest[16+size:]
	}
	if frames < 3 {
		t.Errorf("%d frames: the block is too small for this test", frames)
	}
	if got := decode(t, body); got.rows != len(records) {
		t.Errorf("%d rows, want %d", got.rows, len(records))
	}
}

// TestTokenNamesTheBlock: the token is the id that the rows carry, and a hash
// of the bytes.
func TestTokenNamesTheBlock(t *testing.T) {
	block := sealedBy(t, &heartbeatColumns{}, &record.Heartbeat{Proxy: "p"})
	id := blockID(0xabcd, 1)
	if want := wal.Token(id, block.body); block.token != want || !strings.HasPrefix(want, hexOf(id[:])+"-") {
		t.Errorf("token = %s, want %s", block.token, want)
	}
}

func TestEncodeRefusesColumnsOfUnequalLength(t *testing.T) {
	table := schema.Table{Name: "t", Columns: []schema.Column{{Name: "a", Type: "Int64"}, {Name: "b", Type: "Int64"}}}
	_, err := newEncoder().encode(table, []column{&proto.ColInt64{1, 2}, &proto.ColInt64{1}}, 2)
	if err == nil || !strings.Contains(err.Error(), "block of t: column b has 1 rows of 2") {
		t.Errorf("error = %v", err)
	}
}

// TestBodyBelongsToTheCaller seals again with the same buffers.
func TestBodyBelongsToTheCaller(t *testing.T) {
	e := newEncoder()
	table := schema.Table{Name: "t", Columns: []schema.Column{{Name: "a", Type: "Int64"}}}
	first, err := e.encode(table, []column{&proto.ColInt64{1, 2, 3}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	kept := bytes.Clone(first)
	if _, err := e.encode(table, []column{&proto.ColInt64{7, 8, 9}}, 3); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, kept) {
		t.Error("sealing a block changed the one before")
	}
}
