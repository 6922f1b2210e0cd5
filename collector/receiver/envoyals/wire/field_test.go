package wire

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestNext reads one field at a time, from fields of every form, within bytes
// that go on.
func TestNext(t *testing.T) {
	tag := protowire.AppendTag
	long := strings.Repeat("x", 300)
	for name, test := range map[string]struct {
		field []byte
		key   uint64
		value uint64 // of a varint
		data  string // of bytes
	}{
		"varint":             {protowire.AppendVarint(tag(nil, 1, protowire.VarintType), 7), 1 << 3, 7, ""},
		"largest short":      {protowire.AppendVarint(tag(nil, 1, protowire.VarintType), 127), 1 << 3, 127, ""},
		"smallest long":      {protowire.AppendVarint(tag(nil, 1, protowire.VarintType), 128), 1 << 3, 128, ""},
		"largest":            {protowire.AppendVarint(tag(nil, 1, protowire.VarintType), math.MaxUint64), 1 << 3, math.MaxUint64, ""},
		"padded":             {[]byte{0x08, 0x87, 0x80, 0x00}, 1 << 3, 7, ""},
		"last short key":     {protowire.AppendVarint(tag(nil, 15, protowire.VarintType), 7), 15 << 3, 7, ""},
		"first key of two":   {protowire.AppendVarint(tag(nil, 16, protowire.VarintType), 7), 16 << 3, 7, ""},
		"last key of two":    {protowire.AppendVarint(tag(nil, 2047, protowire.VarintType), 7), 2047 << 3, 7, ""},
		"first key of three": {protowire.AppendVarint(tag(nil, 2048, protowire.VarintType), 7), 2048 << 3, 7, ""},
		"largest key":        {protowire.AppendVarint(tag(nil, protowire.MaxValidNumber, protowire.VarintType), 7), uint64(protowire.MaxValidNumber) << 3, 7, ""},
		"padded key":         {[]byte{0x88, 0x80, 0x00, 0x07}, 1 << 3, 7, ""},
		"bytes":              {protowire.AppendString(tag(nil, 2, protowire.BytesType), "abc"), 2<<3 | 2, 0, "abc"},
		"no bytes":           {protowire.AppendString(tag(nil, 2, protowire.BytesType), ""), 2<<3 | 2, 0, ""},
		"many bytes":         {protowire.AppendString(tag(nil, 22, protowire.BytesType), long), 22<<3 | 2, 0, long},
		"fixed32":            {protowire.AppendFixed32(tag(nil, 3, protowire.Fixed32Type), 9), 3<<3 | 5, 0, ""},
		"fixed64":            {protowire.AppendFixed64(tag(nil, 3, protowire.Fixed64Type), 9), 3<<3 | 1, 0, ""},
		"group":              {tag(tag(nil, 3, protowire.StartGroupType), 3, protowire.EndGroupType), 3<<3 | 3, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := []byte{0x08, 0x01}, []byte{0x10, 0x02}
			b := append(append(append([]byte(nil), before...), test.field...), after...)
			key, value, end := next(b, len(before))
			if key != test.key || end != len(before)+len(test.field) {
				t.Fatalf("key %d, end %d; want %d, %d", key, end, test.key, len(before)+len(test.field))
			}
			switch key & 7 {
			case wireVarint:
				if value != test.value {
					t.Errorf("value %d, want %d", value, test.value)
				}
			case wireBytes:
				if got := string(b[value:end]); got != test.data {
					t.Errorf("bytes %q, want %q", got, test.data)
				}
			}
			for n := range test.field { // cut short, it is no field
				if n == 0 {
					continue
				}
				if _, _, end := next(test.field[:n:n], 0); end != malformed {
					t.Errorf("cut to %d bytes, it ends at %d", n, end)
				}
			}
		})
	}
}

// TestNextMalformed reads what is no field.
func TestNextMalformed(t *testing.T) {
	for name, b := range map[string][]byte{
		"number 0":           {0x00, 0x00},
		"number 0, bytes":    {0x02, 0x00},
		"number 0, padded":   {0x80, 0x00, 0x00},
		"end of no group":    {0x0c},
		"type 6":             {0x0e, 0x00},
		"type 7":             {0x0f, 0x00},
		"group of another":   {0x0b, 0x14},
		"value too long":     {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
		"number too large":   {0xf8, 0xff, 0xff, 0xff, 0x7f, 0x00},
		"length beyond end":  {0x0a, 0x02, 0x00},
		"length beyond ints": {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
	} {
		if _, _, end := next(b, 0); end != malformed {
			t.Errorf("%s: it ends at %d", name, end)
		}
	}
}

// TestASCII compares with the plain definition, for all lengths around those
// that are read at once, and a foreign byte at each place.
func TestASCII(t *testing.T) {
	for n := range 40 {
		b := []byte(strings.Repeat("~", n))
		if !ascii(b) {
			t.Errorf("%d bytes of ASCII are not", n)
		}
		for i := range b {
			for _, foreign := range []byte{0x80, 0xff} {
				b[i] = foreign
				if ascii(b) {
					t.Errorf("%d bytes with %#x at %d are ASCII", n, foreign, i)
				}
			}
			b[i] = 0x7f
			if !ascii(b) {
				t.Errorf("%d bytes with 0x7f at %d are not ASCII", n, i)
			}
		}
	}
}

func TestSetText(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "a": true, "größe": true, "日本語のテキスト": true, "\x00": true, "\xff": false, "12345678\xff": false, "\xe6\x97": false,
	} {
		dst := "before"
		err := setText(&dst, []byte(text))
		if (err == nil) != ok || ok && dst != text || !ok && dst != "before" {
			t.Errorf("%q: got %q, %v", text, dst, err)
		}
	}
}

// TestPair reads entries of maps in every form; those that are not as encoders
// write them take another way to the same result.
func TestPair(t *testing.T) {
	text := func(num protowire.Number, s string) string {
		return string(protowire.AppendString(protowire.AppendTag(nil, num, protowire.BytesType), s))
	}
	long := strings.Repeat("v", 200)
	for name, test := range map[string]struct {
		in, key, value string
		short          bool
	}{
		"as encoders write it": {text(1, "k") + text(2, "v"), "k", "v", true},
		"empty key":            {text(1, "") + text(2, "v"), "", "v", true},
		"empty value":          {text(1, "k") + text(2, ""), "k", "", true},
		"127 bytes":            {text(1, "k") + text(2, long[:127]), "k", long[:127], true},
		"128 bytes":            {text(1, "k") + text(2, long[:128]), "k", long[:128], false},
		"long key":             {text(1, long) + text(2, "v"), long, "v", false},
		"backwards":            {text(2, "v") + text(1, "k"), "k", "v", false},
		"no value":             {text(1, "k"), "k", "", false},
		"no key":               {text(2, "v"), "", "v", false},
		"nothing":              {"", "", "", false},
		"two values":           {text(1, "k") + text(2, "v") + text(2, "w"), "k", "w", false},
		"two keys":             {text(1, "k") + text(1, "l") + text(2, "v"), "l", "v", false},
		"a field more":         {text(1, "k") + text(2, "v") + text(3, "x"), "k", "v", false},
	} {
		t.Run(name, func(t *testing.T) {
			key, value, err := pair([]byte(test.in))
			if err != nil || key != test.key || string(value) != test.value {
				t.Errorf("got %q, %q, %v; want %q, %q", key, value, err, test.key, test.value)
			}
			if _, _, short := shortPair([]byte(test.in)); short != test.short {
				t.Errorf("read the short way: %t", short)
			}
		})
	}
	for _, broken := range []string{"\x0a", "\x0a\x05k", "\x0a\x01k\x12\x05v", "\x0a\x01k\x12\x01vx"} {
		if key, value, err := pair([]byte(broken)); err == nil {
			t.Errorf("%q is read as %q, %q", broken, key, value)
		}
	}
}
