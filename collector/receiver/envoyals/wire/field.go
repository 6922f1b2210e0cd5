package wire

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed says that bytes are not a protobuf message, or that a string in
// them is not UTF-8.
var ErrMalformed = errors.New("malformed protobuf")

// Wire types, to be or-ed to a field number shifted by three.
const (
	wireVarint  = uint64(protowire.VarintType)
	wireFixed64 = uint64(protowire.Fixed64Type)
	wireBytes   = uint64(protowire.BytesType)
)

// malformed is the end of a field that cannot be read.
const malformed = -1

// next reads the field of b at i, which must lie within b. It returns the
// field's key (number<<3 | wire type), its value if it is a varint or where its
// bytes begin, and where it ends: malformed if it does not end within b. Values
// of other wire types are stepped over.
//
// This is where the time goes: keys, lengths and numbers of one or two bytes are
// read in line, and results come in registers rather than through a pointer.
func next(b []byte, i int) (key, value uint64, end int) {
	key = uint64(b[i])
	i++
	switch {
	case key < 0x80:
	case i < len(b) && b[i] < 0x80:
		key = key&0x7f | uint64(b[i])<<7
		i++
	default:
		if key, i = longKey(b, i-1); i < 0 {
			return 0, 0, malformed
		}
	}
	switch {
	case key < 1<<3: // field number 0
		return 0, 0, malformed
	case key&7 > wireBytes || key&7 == wireFixed64:
		return key, 0, skip(b, i, key)
	case i >= len(b):
		return 0, 0, malformed
	}
	value = uint64(b[i])
	i++
	switch {
	case value < 0x80:
	case i < len(b) && b[i] < 0x80:
		value = value&0x7f | uint64(b[i])<<7
		i++
	default:
		if value, i = longVarint(b, i-1); i < 0 {
			return 0, 0, malformed
		}
	}
	if key&7 == wireVarint {
		return key, value, i
	}
	if value > uint64(len(b)-i) {
		return 0, 0, malformed
	}
	return key, uint64(i), i + int(value)
}

// longKey reads a key of more than two bytes.
func longKey(b []byte, i int) (key uint64, end int) {
	key, end = longVarint(b, i)
	if key>>3 > uint64(protowire.MaxValidNumber) {
		return 0, malformed
	}
	return key, end
}

// longVarint reads a varint of more than one byte.
func longVarint(b []byte, i int) (v uint64, end int) {
	for shift := 0; shift < 63 && i < len(b); shift += 7 {
		c := b[i]
		i++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, i
		}
	}
	if i >= len(b) || b[i] > 1 { // the tenth byte has one bit
		return 0, malformed
	}
	return v | uint64(b[i])<<63, i + 1
}

// skip steps over a value that is neither varint nor bytes.
func skip(b []byte, i int, key uint64) (end int) {
	num, typ := protowire.DecodeTag(key)
	n := protowire.ConsumeFieldValue(num, typ, b[i:])
	if n < 0 {
		return malformed
	}
	return i + n
}

// text returns the string that borrows bytes.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// setText points dst at bytes, if they are UTF-8.
func setText(dst *string, b []byte) error {
	if !ascii(b) && !utf8.Valid(b) {
		return ErrMalformed
	}
	*dst = text(b)
	return nil
}

// ascii tells whether all bytes are ASCII, eight at a time.
func ascii(b []byte) bool {
	var seen uint64
	n := len(b)
	if n < 8 {
		for _, c := range b {
			seen |= uint64(c)
		}
		return seen < 0x80
	}
	for i := 0; i+8 <= n; i += 8 {
		seen |= binary.LittleEndian.Uint64(b[i:])
	}
	seen |= binary.LittleEndian.Uint64(b[n-8:])
	return seen&0x8080808080808080 == 0
}

// pair splits an entry of a map with text keys; either half may be missing.
// Neither is checked to be UTF-8.
func pair(b []byte) (key string, value []byte, err error) {
	if k, v, ok := shortPair(b); ok {
		return text(k), v, nil
	}
	for i := 0; i < len(b); {
		k, v, end := next(b, i)
		if end < 0 {
			return "", nil, ErrMalformed
		}
		switch k {
		case 1<<3 | wireBytes:
			key = text(b[v:end])
		case 2<<3 | wireBytes:
			value = b[v:end]
		}
		i = end
	}
	return key, value, nil
}

// shortPair splits an entry in the form that encoders write: key, then value,
// nothing else, each of less than 128 bytes.
func shortPair(b []byte) (key, value []byte, ok bool) {
	if len(b) < 4 || b[0] != 1<<3|byte(wireBytes) {
		return nil, nil, false
	}
	end := 2 + int(b[1])
	if b[1] >= 0x80 || end+2 > len(b) || b[end] != 2<<3|byte(wireBytes) || b[end+1] >= 0x80 || end+2+int(b[end+1]) != len(b) {
		return nil, nil, false
	}
	return b[2:end], b[end+2:], true
}
