package relay

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay/relaytest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func TestCheckAcceptsEveryTable(t *testing.T) {
	for i, table := range schema.Tables() {
		b := relaytest.Named(t, table.Name, uint64(i), 3)
		if err := CheckHeader(b); err != nil {
			t.Errorf("%s: header: %v", table.Name, err)
		}
		if err := CheckBody(b, CRC(b)); err != nil {
			t.Errorf("%s: body: %v", table.Name, err)
		}
	}
	old := relaytest.Block(t, 1, 1)
	old.Schema = 1
	if err := CheckHeader(old); err != nil {
		t.Errorf("a block of the oldest schema is refused: %v", err)
	}
	large := relaytest.Block(t, 1, 400_000) // several frames
	if err := CheckBody(large, CRC(large)); err != nil {
		t.Errorf("a block of several frames is refused: %v", err)
	}
}

func TestCheckHeaderErrors(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*wal.Block)
		status int
		want   string
	}{
		"unknown table": {func(b *wal.Block) { b.Table = "system.users" }, http.StatusBadRequest, `table "system.users" is not known`},
		"kept table":    {func(b *wal.Block) { b.Table = "requests" }, http.StatusBadRequest, `table "requests" is not known`},
		"no schema":     {func(b *wal.Block) { b.Schema = 0 }, http.StatusBadRequest, "schema 0: want 1 or more"},
		"no rows":       {func(b *wal.Block) { b.Rows = 0 }, http.StatusBadRequest, "0 rows: want 1 to 524288"},
		"too many rows": {func(b *wal.Block) { b.Rows = 1 << 20 }, http.StatusBadRequest, "1048576 rows: want 1 to 524288"},
		"newer schema": {
			func(b *wal.Block) { b.Schema = schema.Version + 1 }, http.StatusConflict,
			fmt.Sprintf("schema %d is newer than %d, the newest that this collector knows: upgrade this one first, blocks wait at their senders", schema.Version+1, schema.Version),
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := relaytest.Block(t, 1, 1)
			test.change(&b)
			wantRefusal(t, CheckHeader(b), test.status, test.want)
		})
	}
}

// frame returns a frame that claims what it is told to, without a checksum.
func frame(method byte, size, data uint32, content string) []byte {
	b := make([]byte, frameChecksum, 64)
	b = append(b, method)
	b = binary.LittleEndian.AppendUint32(b, size)
	b = binary.LittleEndian.AppendUint32(b, data)
	return append(b, content...)
}

// TestCheckBodyErrors gives bodies a token and a CRC that fit, so that only what
// is in them can be wrong.
func TestCheckBodyErrors(t *testing.T) {
	good := relaytest.Block(t, 1, 2)
	flipped := slices.Clone(good.Body)
	flipped[len(flipped)-1] ^= 1
	zstd := compress.NewWriter(compress.LevelZero, compress.ZSTD)
	if err := zstd.Compress([]byte("text")); err != nil {
		t.Fatal(err)
	}
	bomb := slices.Repeat(frame(methodLZ4, 9, maxFrameData, ""), maxBlockData/maxFrameData+1)
	for name, test := range map[string]struct {
		body []byte
		want string // part of the reason
	}{
		"empty":            {nil, "the body is empty"},
		"text":             {[]byte("hello"), "body: frame 1 is cut off"},
		"long text":        {[]byte(strings.Repeat("hello ", 20)), "body: frame 1 has method 0x6f, want LZ4"},
		"another method":   {zstd.Data, "body: frame 1 has method 0x90, want LZ4"},
		"cut":              {good.Body[:len(good.Body)-1], "body: frame 1 claims"},
		"second frame cut": {append(slices.Clone(good.Body), 1, 2, 3), "body: frame 2 is cut off"},
		"short frame":      {frame(methodLZ4, 8, 1, ""), "body: frame 1 claims 8 bytes of 9"},
		"empty frame":      {frame(methodLZ4, 9, 0, ""), "body: frame 1 claims to become 0 bytes, want 1 to 4194304"},
		"large frame":      {frame(methodLZ4, 9, maxFrameData+1, ""), "body: frame 1 claims to become 4194305 bytes"},
		"many frames":      {bomb, "body: the frames claim to become more than 100663296 bytes"},
		"flipped bit":      {flipped, "body: reading the number of columns"},
		"other rows":       {relaytest.Frames(t, relaytest.Native(3, 1)), "body: the body has 1 columns and 3 rows, the header says 2 rows"},
		"no columns":       {relaytest.Frames(t, []byte{0, 2}), "body: the body has 0 columns and 2 rows"},
		"no rows":          {relaytest.Frames(t, []byte{1}), "body: reading the number of rows"},
		"bad second frame": {append(slices.Clone(good.Body), frame(methodLZ4, 10, 5, "x")...), "body: decompressing"},
	} {
		t.Run(name, func(t *testing.T) {
			b := good
			b.Body = test.body
			b.Token = wal.Token([16]byte{1}, b.Body)
			err := CheckBody(b, CRC(b))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestCheckBodyNames(t *testing.T) {
	good, other := relaytest.Block(t, 1, 2), relaytest.Block(t, 2, 2)
	for name, test := range map[string]struct {
		token string
		want  string
	}{
		"of another block": {other.Token, "the token does not name these bytes"},
		"no dash":          {strings.ReplaceAll(good.Token, "-", "_"), "want 32 hex digits and a dash"},
		"upper case":       {strings.ToUpper(good.Token), "the token does not name these bytes"},
		"longer":           {good.Token + "0", "the token does not name these bytes"},
		"empty":            {"", "want 32 hex digits and a dash"},
		"no hex":           {"z" + good.Token[1:], "invalid byte"},
	} {
		t.Run(name, func(t *testing.T) {
			b := good
			b.Token = test.token
			if err := CheckBody(b, CRC(b)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
	if err := CheckBody(good, CRC(good)^1); err == nil || !strings.Contains(err.Error(), "the CRC-32C is") {
		t.Errorf("a wrong CRC: got error %v", err)
	}
}

// FuzzCheckBody looks for bodies that make the checks panic or use memory
// without bound. What passes is what a sender could have sealed.
func FuzzCheckBody(f *testing.F) {
	good := relaytest.Block(f, 1, 2)
	f.Add(good.Body, uint32(2))
	f.Add(append(slices.Clone(good.Body), good.Body...), uint32(2))
	f.Add(frame(methodLZ4, 9, maxFrameData, ""), uint32(1))
	f.Add([]byte(nil), uint32(0))
	f.Fuzz(func(t *testing.T, body []byte, rows uint32) {
		b := wal.Block{Token: wal.Token([16]byte{}, body), Table: "requests_in", Schema: 1, Rows: rows, Body: body}
		if CheckHeader(b) != nil || CheckBody(b, CRC(b)) != nil {
			return
		}
		if err := checkNative(body, rows+1); err == nil {
			t.Errorf("a body is of %d and of %d rows", rows, rows+1)
		}
	})
}
