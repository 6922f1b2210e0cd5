package ingest

import (
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// column is one column of an open block. Its type is that of the schema: the
// column itself knows only the layout of its values. A column with a
// LowCardinality in it is a proto.StateEncoder too.
type column interface {
	Rows() int
	EncodeColumn(*proto.Buffer)
	Reset()
}

// encodeState writes what stands before the values, and in a nested column
// before the sizes too.
func encodeState(b *proto.Buffer, c column) {
	if s, ok := c.(proto.StateEncoder); ok {
		s.EncodeState(b)
	}
}

// fillID appends the id of the block once for each of its rows.
func fillID(c *proto.ColFixedStr16, id [16]byte, rows int) {
	c.Reset()
	for range rows {
		c.Append(id)
	}
}

// micros returns a DateTime64(6): microseconds since 1970, 0 for no time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// millis returns a DateTime64(3): milliseconds since 1970, 0 for no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// b2u returns a UInt8 of 1 for true.
func b2u(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
