package ingest

import (
	"encoding/binary"
	"hash/maphash"
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
// blocks: known maps every string to its slot, and the slot tells the string's
// key in the open block. A string is copied when it is first seen.
//
// A column has few values, and rows that follow one another often have the
// same one: most lookups end at the slot of the row before, or in recent, which
// has one place for each hash. What is not there is looked up in known.
type lowCard struct {
	known  map[string]int32
	slots  []slot
	last   int32              // slot of the row before
	recent [recentSlots]int32 // slots, by hash
	dict   []int32            // slots of the block's dictionary, in its order
	keys   []uint32
}

// recentSlots is a power of two.
const recentSlots = 256

type slot struct {
	text string
	key  int32 // position in dict, -1: not in the open block
}

// append adds a row.
func (c *lowCard) append(s string) { c.put(c.slot(s)) }

// put adds a row whose string is that of the slot.
func (c *lowCard) put(n int32) {
	sl := &c.slots[n]
	if sl.key < 0 {
		sl.key = int32(len(c.dict))
		c.dict = append(c.dict, n)
	}
	c.keys = append(c.keys, uint32(sl.key))
}

// slot returns the slot of a string, a new one if it has none.
func (c *lowCard) slot(s string) int32 {
	if !c.isAt(c.last, s) {
		c.last = c.look(s)
	}
	return c.last
}

// isAt tells whether the slot is the string's.
func (c *lowCard) isAt(n int32, s string) bool { return int(n) < len(c.slots) && c.slots[n].text == s }

// look returns the slot of a string that is not the one before.
func (c *lowCard) look(s string) int32 {
	place := &c.recent[maphash.String(placeSeed, s)%recentSlots]
	if !c.isAt(*place, s) {
		*place = c.find(s)
	}
	return *place
}

// placeSeed decides which strings share a place in recent. It differs between
// processes, so that no sender of names can choose them to.
var placeSeed = maphash.MakeSeed()

// find is look without recent.
func (c *lowCard) find(s string) int32 {
	if n, ok := c.known[s]; ok {
		return n
	}
	return c.intern(strings.Clone(s))
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
	switch width {
	case keysUInt8:
		for _, k := range keys {
			b.Buf = append(b.Buf, uint8(k))
		}
	case keysUInt16:
		for _, k := range keys {
			b.Buf = binary.LittleEndian.AppendUint16(b.Buf, uint16(k))
		}
	default:
		for _, k := range keys {
			b.Buf = binary.LittleEndian.AppendUint32(b.Buf, k)
		}
	}
}
