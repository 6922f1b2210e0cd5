package ingest

import (
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// maxInterned bounds how many strings a lowCard remembers between blocks.
const maxInterned = 1 << 16

// The header of a LowCardinality column in Native format
// (ClickHouse: SerializationLowCardinality.cpp).
const (
	sharedDictionaries  = 1       // the only version of the keys' serialization
	hasAdditionalKeys   = 1 << 9  // the dictionary stands in the block
	needsUpdate         = 1 << 10 // and replaces an earlier one
	keysUInt8           = 0
	keysUInt16          = 1
	keysUInt32          = 2
	dictionaryInTheData = hasAdditionalKeys | needsUpdate
)

// lowCard is a LowCardinality(String) column with a dictionary per block.
//
// Strings seen before are found without an allocation, also those of earlier
// blocks: known maps every string to its slot, and used tells which slots the
// open block refers to. A string is copied when it is first seen.
type lowCard struct {
	known map[string]int32
	slots []slot
	dict  []int32 // slots of the block's dictionary, in its order
	keys  []uint32
}

type slot struct {
	text string
	key  int32 // position in dict, -1: not in the open block
}

func (c *lowCard) append(s string) {
	n, ok := c.known[s]
	if !ok {
		n = c.intern(strings.Clone(s))
	}
	sl := &c.slots[n]
	if sl.key < 0 {
		sl.key = int32(len(c.dict))
		c.dict = append(c.dict, n)
	}
	c.keys = append(c.keys, uint32(sl.key))
}

func (c *lowCard) intern(s string) int32 {
	if c.known == nil {
		c.known = make(map[string]int32)
	}
	n := int32(len(c.slots))
	c.slots = append(c.slots, slot{text: s, key: -1})
	c.known[s] = n
	return n
}

// Rows implements column.
func (c *lowCard) Rows() int { return len(c.keys) }

// Reset implements column.
func (c *lowCard) Reset() {
	for _, n := range c.dict {
		c.slots[n].key = -1
	}
	c.dict, c.keys = c.dict[:0], c.keys[:0]
	if len(c.slots) > maxInterned {
		clear(c.known)
		c.slots = nil
	}
}

// EncodeState implements proto.StateEncoder.
func (c *lowCard) EncodeState(b *proto.Buffer) { b.PutInt64(sharedDictionaries) }

// EncodeColumn implements column.
func (c *lowCard) EncodeColumn(b *proto.Buffer) {
	if len(c.keys) == 0 {
		return
	}
	width := keyWidth(len(c.dict))
	b.PutInt64(dictionaryInTheData | width)
	b.PutInt64(int64(len(c.dict)))
	for _, n := range c.dict {
		b.PutString(c.slots[n].text)
	}
	b.PutInt64(int64(len(c.keys)))
	putKeys(b, c.keys, width)
}

func keyWidth(dictionary int) int64 {
	switch {
	case dictionary <= 1<<8:
		return keysUInt8
	case dictionary <= 1<<16:
		return keysUInt16
	}
	return keysUInt32
}

func putKeys(b *proto.Buffer, keys []uint32, width int64) {
	for _, k := range keys {
		switch width {
		case keysUInt8:
			b.PutUInt8(uint8(k))
		case keysUInt16:
			b.PutUInt16(uint16(k))
		default:
			b.PutUInt32(k)
		}
	}
}
