package ingest

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// nativeBlock is a block in ClickHouse's Native format, taken apart far enough
// to cut rows out of it: the values themselves are not looked at
// (ClickHouse: src/Formats/NativeReader.cpp).
type nativeBlock struct {
	rows    int
	columns []nativeColumn
}

type nativeColumn struct {
	name, kind string
	state      []byte // what stands before the data: versions of LowCardinality
	data       values
}

// int64 returns a value of a column of that width.
func (c nativeColumn) int64(row int) int64 {
	return int64(binary.LittleEndian.Uint64(c.data.slice(nil, row, row+1)))
}

// values are the values of a column.
type values interface {
	// slice appends those of the rows [from, to) in their encoded form.
	slice(out []byte, from, to int) []byte
}

// parseNative reads one block. Its parts refer to the bytes.
func parseNative(data []byte) (*nativeBlock, error) {
	c := &cursor{rest: data}
	columns := c.uvarint()
	b := &nativeBlock{rows: c.uvarint()}
	for range columns {
		col := nativeColumn{name: string(c.take(c.uvarint())), kind: string(c.take(c.uvarint()))}
		if c.err != nil {
			return nil, c.err
		}
		l, err := layoutOf(col.kind)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", col.name, err)
		}
		col.state = c.take(8 * l.dictionaries())
		if col.data = l.read(c, b.rows); c.err != nil {
			return nil, fmt.Errorf("column %s: %w", col.name, c.err)
		}
		b.columns = append(b.columns, col)
	}
	if len(c.rest) > 0 {
		return nil, fmt.Errorf("%d bytes behind the last column: %w", len(c.rest), errNative)
	}
	return b, nil
}

// layout is how the values of a type are laid out.
type layout struct {
	width  int      // of a value with a fixed one
	text   bool     // String
	dict   bool     // LowCardinality(String)
	nested []layout // Array: of its elements; Map: of its keys and values
}

// widths of the types that the schema uses, in bytes.
var widths = map[string]int{
	"UInt8": 1, "Int8": 1, "Bool": 1, "Enum8": 1, "UInt16": 2, "Int16": 2, "Enum16": 2, "Date": 2,
	"UInt32": 4, "Int32": 4, "Float32": 4, "DateTime": 4, "UInt64": 8, "Int64": 8, "Float64": 8, "DateTime64": 8,
}

func layoutOf(kind string) (layout, error) {
	name, args, _ := strings.Cut(kind, "(")
	args = strings.TrimSuffix(args, ")")
	switch {
	case kind == "String":
		return layout{text: true}, nil
	case kind == "LowCardinality(String)":
		return layout{dict: true}, nil
	case widths[name] > 0:
		return layout{width: widths[name]}, nil
	case name == "FixedString":
		n, err := strconv.Atoi(args)
		if err != nil || n < 1 {
			return layout{}, fmt.Errorf("type %s: %w", kind, errNative)
		}
		return layout{width: n}, nil
	case name == "Array":
		return nestedLayout(args)
	case name == "Map":
		key, value, _ := strings.Cut(args, ", ") // a key has no comma
		return nestedLayout(key, value)
	}
	return layout{}, fmt.Errorf("cannot cut rows out of a column of type %s", kind)
}

func nestedLayout(kinds ...string) (out layout, err error) {
	for _, kind := range kinds {
		l, err := layoutOf(kind)
		if err != nil {
			return out, err
		}
		out.nested = append(out.nested, l)
	}
	return out, nil
}

// dictionaries counts the LowCardinality in a type: each writes its version in
// front of the column.
func (l layout) dictionaries() (n int) {
	if l.dict {
		n = 1
	}
	for _, inner := range l.nested {
		n += inner.dictionaries()
	}
	return n
}

func (l layout) read(c *cursor, rows int) values {
	switch {
	case l.text:
		return readTexts(c, rows)
	case l.dict:
		return readDict(c, rows)
	case l.width > 0:
		return fixedValues{width: l.width, data: c.take(rows * l.width)}
	}
	v := nestedValues{ends: readEnds(c, rows)}
	n := 0
	if len(v.ends) > 0 {
		n = v.ends[len(v.ends)-1]
	}
	for _, inner := range l.nested {
		v.inner = append(v.inner, inner.read(c, n))
	}
	return v
}

type fixedValues struct {
	width int
	data  []byte
}

func (v fixedValues) slice(out []byte, from, to int) []byte {
	return append(out, v.data[from*v.width:to*v.width]...)
}

// textValues are strings, each behind its length.
type textValues struct {
	starts []int // of each row, and the end of the last
	data   []byte
}

func readTexts(c *cursor, rows int) values {
	whole := c.rest
	v := textValues{}
	for range rows {
		v.starts = append(v.starts, len(whole)-len(c.rest))
		if c.take(c.uvarint()); c.err != nil {
			return v
		}
	}
	n := len(whole) - len(c.rest)
	v.starts, v.data = append(v.starts, n), whole[:n]
	return v
}

func (v textValues) slice(out []byte, from, to int) []byte {
	return append(out, v.data[v.starts[from]:v.starts[to]]...)
}

// dictValues are keys into a dictionary, which every part keeps whole.
type dictValues struct {
	dictionary []byte // with what stands before it
	keys       fixedValues
}

func readDict(c *cursor, rows int) values {
	if rows == 0 {
		return dictValues{}
	}
	whole := c.rest
	kind := c.uint64()
	for range c.count() {
		if c.take(c.uvarint()); c.err != nil {
			return dictValues{}
		}
	}
	v := dictValues{dictionary: whole[:len(whole)-len(c.rest)]}
	if c.uint64() != uint64(rows) || kind&0xff > keysUInt32 {
		c.err = errNative
		return v
	}
	width := 1 << (kind & 0xff)
	v.keys = fixedValues{width: width, data: c.take(rows * width)}
	return v
}

func (v dictValues) slice(out []byte, from, to int) []byte {
	if from == to {
		return out
	}
	out = append(out, v.dictionary...)
	out = binary.LittleEndian.AppendUint64(out, uint64(to-from))
	return v.keys.slice(out, from, to)
}

// nestedValues are arrays, or the keys and values of maps.
type nestedValues struct {
	ends  []int // of each row, counted in elements
	inner []values
}

func readEnds(c *cursor, rows int) []int {
	if rows > len(c.rest)/8 {
		c.err = errNative
		return nil
	}
	ends := make([]int, rows)
	last := 0
	for i := range ends {
		n := c.uint64()
		if n > 1<<31 || int(n) < last {
			c.err = errNative
			return nil
		}
		ends[i], last = int(n), int(n)
	}
	return ends
}

func (v nestedValues) end(row int) int {
	if row == 0 {
		return 0
	}
	return v.ends[row-1]
}

func (v nestedValues) slice(out []byte, from, to int) []byte {
	first := v.end(from)
	for row := from; row < to; row++ {
		out = binary.LittleEndian.AppendUint64(out, uint64(v.ends[row]-first))
	}
	for _, inner := range v.inner {
		out = inner.slice(out, first, v.end(to))
	}
	return out
}
