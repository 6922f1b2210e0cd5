package wire

import (
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

// field is one field of a message: its key (number<<3 | wire type) and its
// value, which is in num or in data according to the wire type.
type field struct {
	key  uint64
	num  uint64
	data []byte
}

// next reads the field at the start of b and returns what follows it. Values
// of other wire types than varint and bytes are stepped over.
func (f *field) next(b []byte) ([]byte, error) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return nil, ErrMalformed
	}
	b = b[n:]
	f.key = uint64(num)<<3 | uint64(typ)
	switch typ {
	case protowire.VarintType:
		f.num, n = protowire.ConsumeVarint(b)
	case protowire.BytesType:
		f.data, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(num, typ, b)
	}
	if n < 0 {
		return nil, ErrMalformed
	}
	return b[n:], nil
}

// setText points dst at the field's bytes.
func (f *field) setText(dst *string) error {
	if !utf8.Valid(f.data) {
		return ErrMalformed
	}
	*dst = unsafe.String(unsafe.SliceData(f.data), len(f.data))
	return nil
}

// pair reads an entry of a map<string, string>; either half may be missing.
func pair(b []byte) (key, value string, err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireBytes:
			err = f.setText(&key)
		case 2<<3 | wireBytes:
			err = f.setText(&value)
		}
	}
	return key, value, err
}
