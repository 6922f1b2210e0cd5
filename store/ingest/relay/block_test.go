package relay

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay/relaytest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// TestHeader holds the headers to what docs/formats.md says of them, and reads
// them back.
func TestHeader(t *testing.T) {
	block := wal.Block{Token: "t", Table: "requests_in", Schema: 7, Rows: 3, Shard: 9, Created: relaytest.Created, Body: []byte("body")}
	h := http.Header{}
	WriteHeader(h, block)
	want := http.Header{
		"Content-Type":     {"application/vnd.plimsoll.block"},
		"Plimsoll-Token":   {"t"},
		"Plimsoll-Table":   {"requests_in"},
		"Plimsoll-Schema":  {"7"},
		"Plimsoll-Rows":    {"3"},
		"Plimsoll-Created": {"1772366400123456"},
		"Plimsoll-Crc32c":  {"874571ef"},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	got, crc, err := ReadHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	got.Body, got.Shard = block.Body, block.Shard // which do not travel in headers
	if diff := cmp.Diff(block, got); diff != "" {
		t.Errorf("block (-want +got):\n%s", diff)
	}
	if crc != CRC(got) {
		t.Errorf("CRC %08x, want %08x", crc, CRC(got))
	}
}

func TestReadHeaderErrors(t *testing.T) {
	for name, test := range map[string]struct{ header, value, want string }{
		"no schema":      {HeaderSchema, "", `header Plimsoll-Schema: "" is not a number of base 10 below 2^32`},
		"schema is text": {HeaderSchema, "seven", `header Plimsoll-Schema: "seven" is not a number of base 10 below 2^32`},
		"negative rows":  {HeaderRows, "-1", `header Plimsoll-Rows: "-1" is not a number of base 10 below 2^32`},
		"too many rows":  {HeaderRows, "4294967296", `header Plimsoll-Rows: "4294967296" is not a number of base 10 below 2^32`},
		"no time":        {HeaderCreated, "now", `header Plimsoll-Created: "now" is not a number of base 10 below 2^63`},
		"no CRC":         {HeaderCRC, "xyz", `header Plimsoll-Crc32c: "xyz" is not a number of base 16 below 2^32`},
		"long CRC":       {HeaderCRC, "100000000", `header Plimsoll-Crc32c: "100000000" is not a number of base 16 below 2^32`},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			WriteHeader(h, relaytest.Block(t, 1, 1))
			h.Set(test.header, test.value)
			_, _, err := ReadHeader(h)
			wantRefusal(t, err, http.StatusBadRequest, test.want)
		})
	}
}

// wantRefusal compares an error with a refusal.
func wantRefusal(t *testing.T, err error, status int, reason string) {
	t.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got error %v, want a refusal", err)
	}
	if refusal.Status != status || refusal.Reason != reason {
		t.Errorf("got %d %q, want %d %q", refusal.Status, refusal.Reason, status, reason)
	}
}

// TestCRCCoversEveryField changes one field after the other.
func TestCRCCoversEveryField(t *testing.T) {
	block := relaytest.Block(t, 1, 1)
	for name, change := range map[string]func(*wal.Block){
		"token":   func(b *wal.Block) { b.Token = b.Token[1:] },
		"table":   func(b *wal.Block) { b.Table = "attempts_in" },
		"schema":  func(b *wal.Block) { b.Schema++ },
		"rows":    func(b *wal.Block) { b.Rows++ },
		"created": func(b *wal.Block) { b.Created = b.Created.Add(1000) },
		"body":    func(b *wal.Block) { b.Body = b.Body[1:] },
		"border":  func(b *wal.Block) { b.Token, b.Table = b.Token+"r", b.Table[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			changed := block
			change(&changed)
			if CRC(changed) == CRC(block) {
				t.Error("the CRC did not change")
			}
		})
	}
	moved := block
	moved.Shard++
	if CRC(moved) != CRC(block) {
		t.Error("the CRC depends on the shard, which is the receiver's")
	}
}
