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
// blocks: known maps every string to its slot, and the slot tells the string's
// key in the open block. A string is copied when it is first seen.
//
// A column has few values, and rows that follow one another have the same, so
// most lookups end in recent: a table with one place for each hash, of which it
// is enough that equal strings have the same. What is not there is looked up in
// known, so strings chosen to collide cost no more than a map lookup.
type lowCard struct {
	known  map[string]int32
	slots  []slot
	recent [recentSlots]int32 // slots, by hash
	dict   []int32            // slots of the block's dictionary, in its order
	keys   []uint32
}

// recentSlots is a power of two.
const recentSlots = 128

type slot struct {
	text string
	key  int32 // position in dict, -1: not in the open block
}

func (c *lowCard) append(s string) {
	place := &c.recent[quickHash(s)%recentSlots]
	if n := int(*place); n >= len(c.slots) || c.slots[n].text != s {
		*place = c.find(s)
	}
	sl := &c.slots[*place]
	if sl.key < 0 {
		sl.key = int32(len(c.dict))
		c.dict = append(c.dict, *place)
	}
	c.keys = append(c.keys, uint32(sl.key))
}

// find returns the slot of a string.
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

// quickHash mixes the length, the first and the last eight bytes. Names that
// differ only in between collide.
func quickHash(s string) uint32 {
	const odd1, odd2 = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f // of XXH64
	n := len(s)
	var first, last uint64
	switch {
	case n >= 8:
		first, last = load64(s), load64(s[n-8:])
	case n > 0:
		first, last = uint64(s[0])|uint64(s[n/2])<<8, uint64(s[n-1])
	}
	return uint32(((first^uint64(n))*odd1 ^ last) * odd2 >> 32)
}

// load64 reads eight bytes at once.
func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
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
