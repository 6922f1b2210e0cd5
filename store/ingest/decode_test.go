package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// decoded is a block as an independent implementation of the formats reads it.
type decoded struct {
	names, types []string
	rows         int
	columns      map[string]*decodedColumn
}

// decode reads the body of an insert back.
func decode(t testing.TB, body []byte) decoded {
	t.Helper()
	r := proto.NewReader(compress.NewReader(bytes.NewReader(body)))
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatalf("decoding a body of %d bytes: %v", len(body), err)
		}
	}
	columns, err := r.Int()
	must(err)
	rows, err := r.Int()
	must(err)
	out := decoded{rows: rows, columns: map[string]*decodedColumn{}}
	for range columns {
		name, err := r.Str()
		must(err)
		kind, err := r.Str()
		must(err)
		v, err := newDecodedColumn(kind)
		must(err)
		must(v.decodeState(r))
		must(v.decode(r, rows))
		out.names, out.types, out.columns[name] = append(out.names, name), append(out.types, kind), v
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Fatalf("the body goes on after its block: %v", err)
	}
	return out
}

// decodedColumn holds the values of one column: a leaf that ch-go reads, or for Array and Map
// the columns of elements (keys, values) and the ends of the rows.
type decodedColumn struct {
	leaf  proto.Column
	parts []*decodedColumn
	ends  proto.ColUInt64
}

func newDecodedColumn(kind string) (*decodedColumn, error) {
	inner, isArray := strings.CutPrefix(kind, "Array(")
	if isArray {
		elements, err := newDecodedColumn(strings.TrimSuffix(inner, ")"))
		return &decodedColumn{parts: []*decodedColumn{elements}}, err
	}
	if kind == "Map(LowCardinality(String), String)" {
		keys, errKeys := newDecodedColumn("LowCardinality(String)")
		of, errValues := newDecodedColumn("String")
		return &decodedColumn{parts: []*decodedColumn{keys, of}}, errors.Join(errKeys, errValues)
	}
	var c proto.ColAuto
	err := c.Infer(proto.ColumnType(kind))
	return &decodedColumn{leaf: c.Data}, err
}

// decodeState reads what the states of all nested columns wrote, which stands
// before any of the values.
func (v *decodedColumn) decodeState(r *proto.Reader) error {
	if s, ok := v.leaf.(proto.StateDecoder); ok {
		return s.DecodeState(r)
	}
	for _, p := range v.parts {
		if err := p.decodeState(r); err != nil {
			return err
		}
	}
	return nil
}

func (v *decodedColumn) decode(r *proto.Reader, rows int) error {
	if v.leaf != nil {
		return v.leaf.DecodeColumn(r, rows)
	}
	if err := v.ends.DecodeColumn(r, rows); err != nil {
		return err
	}
	elements := 0
	if rows > 0 {
		elements = int(v.ends[rows-1])
	}
	for _, p := range v.parts {
		if err := p.decode(r, elements); err != nil {
			return err
		}
	}
	return nil
}

// text returns a value in the form of textOf.
func (v *decodedColumn) text(i int) string {
	if v.leaf != nil {
		return textOf(leaf(v.leaf, i))
	}
	begin := 0
	if i > 0 {
		begin = int(v.ends[i-1])
	}
	var out []string
	for n := begin; n < int(v.ends[i]); n++ {
		element := v.parts[0].text(n)
		if len(v.parts) == 2 {
			element += "=" + v.parts[1].text(n)
		}
		out = append(out, element)
	}
	return textOf(out)
}

// leaf returns a value of a column of ch-go.
func leaf(c proto.Column, i int) any {
	switch c := c.(type) {
	case interface{ Row(int) string }:
		return c.Row(i)
	case *proto.ColDateTime64:
		if c.Precision == proto.PrecisionMilli {
			return c.Row(i).UnixMilli()
		}
		return c.Row(i).UnixMicro()
	case *proto.ColFixedStr8:
		return c.Row(i)
	case *proto.ColFixedStr16:
		return c.Row(i)
	case *proto.ColUInt8:
		return c.Row(i)
	case *proto.ColUInt16:
		return c.Row(i)
	case *proto.ColUInt32:
		return c.Row(i)
	case *proto.ColUInt64:
		return c.Row(i)
	case *proto.ColInt8:
		return c.Row(i)
	case *proto.ColInt16:
		return c.Row(i)
	case *proto.ColInt64:
		return c.Row(i)
	case *proto.ColFloat64:
		return c.Row(i)
	}
	panic(fmt.Sprintf("a column of type %T", c))
}

// textOf is the one form in which tests compare values of rows: ids in hex,
// floating-point numbers by their bits, lists in brackets.
func textOf(value any) string {
	switch v := value.(type) {
	case [16]byte:
		return fmt.Sprintf("%x", v)
	case [8]byte:
		return fmt.Sprintf("%x", v)
	case float64:
		return fmt.Sprint(math.Float64bits(v))
	case []string:
		return "[" + strings.Join(v, "|") + "]"
	}
	return fmt.Sprint(value)
}

// strings returns a column of type String or LowCardinality(String).
func (d decoded) strings(t testing.TB, name string) []string {
	t.Helper()
	return column1[string](t, d, name)
}

// micros returns a column of type DateTime64(6) in microseconds.
func (d decoded) micros(t testing.TB, name string) []int64 {
	t.Helper()
	return column1[int64](t, d, name)
}

func column1[V any](t testing.TB, d decoded, name string) []V {
	t.Helper()
	v, ok := d.columns[name]
	if !ok || v.leaf == nil {
		t.Fatalf("column %s is not a plain one", name)
	}
	out := make([]V, d.rows)
	for i := range out {
		out[i] = leaf(v.leaf, i).(V)
	}
	return out
}

// text returns every value of a row as text, by column.
func (d decoded) text(t testing.TB, row int) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, v := range d.columns {
		out[name] = v.text(row)
	}
	return out
}
