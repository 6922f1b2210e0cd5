package ingest

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// attrsOf makes attributes of keys and values in turn.
func attrsOf(texts ...string) (out []record.Attr) {
	for i := 0; i < len(texts); i += 2 {
		out = append(out, record.Attr{Key: texts[i], Value: texts[i+1]})
	}
	return out
}

// TestWireForms holds the bytes of nested columns to ClickHouse's Native format
// (SerializationMap, SerializationArray and SerializationLowCardinality.cpp):
// states first, then the ends of the rows, then the elements.
func TestWireForms(t *testing.T) {
	for name, test := range map[string]struct {
		column func() column
		want   string // hex, blanks do not count
	}{
		"text": {
			func() column {
				c := &text{}
				c.append("ab")
				c.append("")
				return c
			},
			"02 6162  00",
		},
		"long text": {
			func() column {
				c := &text{}
				c.append(strings.Repeat("x", 128))
				return c
			},
			"8001" + strings.Repeat("78", 128),
		},
		"map": {
			func() column {
				c := &attrMap{}
				c.append(attrsOf("k", "v1", "l", "v2"))
				c.append(nil)
				c.append(attrsOf("k", ""))
				return c
			},
			"0100000000000000" + // keys: version
				"0200000000000000 0200000000000000 0300000000000000" + // ends
				"0006000000000000 0200000000000000 016b 016c" + // keys: flags and UInt8, dictionary of two
				"0300000000000000 00 01 00" + // keys
				"027631 027632 00", // values
		},
		"empty map": {
			func() column {
				c := &attrMap{}
				c.append(nil)
				return c
			},
			"0100000000000000 0000000000000000", // no dictionary without keys
		},
		"array of numbers": {
			func() column {
				c := &array[proto.ColUInt64, *proto.ColUInt64]{}
				c.of.AppendArr([]uint64{7, 8})
				c.end()
				c.end()
				return c
			},
			"0200000000000000 0200000000000000 0700000000000000 0800000000000000",
		},
		"array of names": {
			func() column {
				c := &textArray{}
				c.end()
				c.of.append("n")
				c.end()
				return c
			},
			"0100000000000000 0000000000000000 0100000000000000 0006000000000000 0100000000000000 016e 0100000000000000 00",
		},
		"array of maps": {
			func() column {
				c := &attrsArray{}
				c.of.append(attrsOf("k", "v"))
				c.of.append(nil)
				c.end()
				return c
			},
			"0100000000000000" + // keys: version
				"0200000000000000" + // two maps in the row
				"0100000000000000 0100000000000000" + // ends of the maps
				"0006000000000000 0100000000000000 016b 0100000000000000 00" + // keys
				"0176",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := test.column()
			var b proto.Buffer
			encodeState(&b, c)
			c.EncodeColumn(&b)
			if got, want := hex.EncodeToString(b.Buf), strings.ReplaceAll(test.want, " ", ""); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if c.Reset(); c.Rows() != 0 {
				t.Errorf("%d rows after Reset", c.Rows())
			}
		})
	}
}

func FuzzAttrMap(f *testing.F) {
	f.Add("k", "v", "l", "")
	f.Add("", "\x00", "", strings.Repeat("y", 300))
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		set := &logColumns{}
		for range 2 {
			attrs := attrsOf(k1, v1, k2, v2)
			block := decode(t, sealedBy(t, set, &record.Log{Attrs: attrs}, &record.Log{Resource: attrs}).body)
			for i, column := range []string{"attrs", "resource"} {
				if got := block.columns[column].text(i); got != attrsText(attrs) {
					t.Errorf("%s = %q, want %q", column, got, attrsText(attrs))
				}
				if got := block.columns[column].text(1 - i); got != "[]" {
					t.Errorf("the other row's %s = %q", column, got)
				}
			}
		}
	})
}
