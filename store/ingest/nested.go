package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// array is an Array column over the column of its elements. A row is appended
// by appending its elements to of and calling end.
type array[C any, P interface {
	*C
	column
}] struct {
	of   C
	ends proto.ColUInt64 // of each row: how many elements stand up to its end
}

type (
	textArray  = array[lowCard, *lowCard]
	attrsArray = array[attrMap, *attrMap]
)

func (c *array[C, P]) end() { c.ends.Append(uint64(P(&c.of).Rows())) }

// Rows implements column.
func (c *array[C, P]) Rows() int { return len(c.ends) }

// Reset implements column.
func (c *array[C, P]) Reset() {
	P(&c.of).Reset()
	c.ends.Reset()
}

// EncodeState implements proto.StateEncoder.
func (c *array[C, P]) EncodeState(b *proto.Buffer) { encodeState(b, P(&c.of)) }

// EncodeColumn implements column.
func (c *array[C, P]) EncodeColumn(b *proto.Buffer) {
	c.ends.EncodeColumn(b)
	P(&c.of).EncodeColumn(b)
}

// attrMap is a column Map(LowCardinality(String), String), which is laid out as
// Array(Tuple(LowCardinality(String), String)).
type attrMap struct {
	keys   lowCard
	values text
	ends   proto.ColUInt64
}

// append adds a row and returns how many bytes it takes.
func (c *attrMap) append(attrs []record.Attr) (bytes int) {
	for i := range attrs {
		c.keys.append(attrs[i].Key)
		c.values.append(attrs[i].Value)
		bytes += 2 + len(attrs[i].Value)
	}
	c.ends.Append(uint64(c.keys.Rows()))
	return 8 + bytes
}

// Rows implements column.
func (c *attrMap) Rows() int { return len(c.ends) }

// Reset implements column.
func (c *attrMap) Reset() {
	c.keys.Reset()
	c.values.Reset()
	c.ends.Reset()
}

// EncodeState implements proto.StateEncoder.
func (c *attrMap) EncodeState(b *proto.Buffer) { c.keys.EncodeState(b) }

// EncodeColumn implements column.
func (c *attrMap) EncodeColumn(b *proto.Buffer) {
	c.ends.EncodeColumn(b)
	c.keys.EncodeColumn(b)
	c.values.EncodeColumn(b)
}
