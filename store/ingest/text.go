package ingest

import (
	"encoding/binary"

	"github.com/ClickHouse/ch-go/proto"
)

// text is a String column. It is kept as it goes on the wire, each value after
// its length, so that encoding it is one copy.
type text struct {
	wire []byte
	rows int
}

func (c *text) append(s string) {
	c.wire = binary.AppendUvarint(c.wire, uint64(len(s)))
	c.wire = append(c.wire, s...)
	c.rows++
}

// Rows implements column.
func (c *text) Rows() int { return c.rows }

// Reset implements column.
func (c *text) Reset() { c.wire, c.rows = c.wire[:0], 0 }

// EncodeColumn implements column.
func (c *text) EncodeColumn(b *proto.Buffer) { b.PutRaw(c.wire) }
