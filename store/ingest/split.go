package ingest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/zeebo/xxh3"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// split cuts a block into two of half its rows each. This is the only place
// where rows are encoded anew; everywhere else the bytes that were sealed are
// the bytes that are stored. Each half gets an id of its own, derived from the
// block's, so that a split that is repeated after a crash gives the same bytes
// under the same tokens.
func split(b *sealed) ([]*sealed, error) {
	id, err := wal.BlockID(b.token)
	if err != nil {
		return nil, fmt.Errorf("splitting a block: %w", err)
	}
	block, err := b.native()
	if err != nil {
		return nil, fmt.Errorf("splitting block %s: %w", b.token, err)
	}
	middle := block.rows / 2
	var parts []*sealed
	for i, r := range [][2]int{{0, middle}, {middle, block.rows}} {
		part, err := block.part(partID(id, byte(i)), r[0], r[1])
		if err != nil {
			return nil, fmt.Errorf("splitting block %s: %w", b.token, err)
		}
		part.table, part.seq, part.shard, part.schema, part.created, part.part = b.table, b.seq, b.shard, b.schema, b.created, true
		parts = append(parts, part)
	}
	return parts, nil
}

// native takes the block apart.
func (b *sealed) native() (*nativeBlock, error) {
	data, err := decompress(b.body)
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return parseNative(data)
}

// decompress reads ClickHouse's frames. Their reader wraps the EOF behind the
// last of them, which io.ReadAll takes for an error.
func decompress(body []byte) ([]byte, error) {
	var out bytes.Buffer
	if _, err := out.ReadFrom(compress.NewReader(bytes.NewReader(body))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return out.Bytes(), nil
}

// partID derives the id of a half.
func partID(id [16]byte, half byte) [16]byte { return xxh3.Hash128(append(id[:], half)).Bytes() }

// part encodes the rows [from, to) under an id of their own.
func (n *nativeBlock) part(id [16]byte, from, to int) (*sealed, error) {
	e := newEncoder()
	e.native.PutUVarInt(uint64(len(n.columns)))
	e.native.PutUVarInt(uint64(to - from))
	for _, c := range n.columns {
		e.native.PutString(c.name)
		e.native.PutString(c.kind)
		if c.name == "block_id" {
			for range to - from {
				e.native.Buf = append(e.native.Buf, id[:]...)
			}
			continue
		}
		e.native.Buf = append(e.native.Buf, c.state...)
		e.native.Buf = c.data.slice(e.native.Buf, from, to)
	}
	body, err := e.compress()
	if err != nil {
		return nil, err
	}
	return &sealed{rows: to - from, body: body, token: wal.Token(id, body)}, nil
}

// errNative is a block that is not laid out as its types say.
var errNative = errors.New("malformed native block")

// cursor reads what is left of a native block. After an error it gives
// nothing.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.rest) {
		c.err = errNative
		return nil
	}
	out := c.rest[:n:n]
	c.rest = c.rest[n:]
	return out
}

func (c *cursor) uvarint() int {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 || v > 1<<31 {
		c.err = errNative
		return 0
	}
	c.take(n)
	return int(v)
}

func (c *cursor) uint64() uint64 {
	b := c.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// count reads a number of things that take at least a bit each of what is left.
func (c *cursor) count() int {
	n := c.uint64()
	if n > 8*uint64(len(c.rest)) {
		c.err = errNative
		return 0
	}
	return int(n)
}
