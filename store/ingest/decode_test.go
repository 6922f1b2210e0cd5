package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// decoded is a block as an independent implementation of the formats reads it.
type decoded struct {
	names, types []string
	rows         int
	columns      map[string]proto.Column
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
	out := decoded{rows: rows, columns: map[string]proto.Column{}}
	for range columns {
		name, err := r.Str()
		must(err)
		kind, err := r.Str()
		must(err)
		var c proto.ColAuto
		must(c.Infer(proto.ColumnType(kind)))
		if s, ok := c.Data.(proto.StateDecoder); ok {
			must(s.DecodeState(r))
		}
		must(c.Data.DecodeColumn(r, rows))
		out.names, out.types, out.columns[name] = append(out.names, name), append(out.types, kind), c.Data
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Fatalf("the body goes on after its block: %v", err)
	}
	return out
}

// strings returns a column of type String or LowCardinality(String).
func (d decoded) strings(t testing.TB, name string) []string {
	t.Helper()
	column, ok := d.columns[name].(interface{ Row(int) string })
	if !ok {
		t.Fatalf("column %s is a %T", name, d.columns[name])
	}
	out := make([]string, d.rows)
	for i := range out {
		out[i] = column.Row(i)
	}
	return out
}

// micros returns a column of type DateTime64(6) in microseconds.
func (d decoded) micros(t testing.TB, name string) []int64 {
	t.Helper()
	column, ok := d.columns[name].(*proto.ColDateTime64)
	if !ok {
		t.Fatalf("column %s is a %T", name, d.columns[name])
	}
	out := make([]int64, d.rows)
	for i := range out {
		out[i] = column.Row(i).UnixMicro()
	}
	return out
}

// text returns every value of a row as text, by column.
func (d decoded) text(t testing.TB, row int) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, c := range d.columns {
		switch c := c.(type) {
		case interface{ Row(int) string }:
			out[name] = c.Row(row)
		case *proto.ColDateTime64:
			out[name] = fmt.Sprint(c.Row(row).UnixMicro())
		case *proto.ColFixedStr8:
			out[name] = fmt.Sprintf("%x", c.Row(row))
		case *proto.ColFixedStr16:
			out[name] = fmt.Sprintf("%x", c.Row(row))
		case *proto.ColFixedStr:
			out[name] = fmt.Sprintf("%x", c.Row(row))
		case *proto.ColUInt8:
			out[name] = fmt.Sprint(c.Row(row))
		case *proto.ColUInt16:
			out[name] = fmt.Sprint(c.Row(row))
		case *proto.ColUInt32:
			out[name] = fmt.Sprint(c.Row(row))
		case *proto.ColUInt64:
			out[name] = fmt.Sprint(c.Row(row))
		case *proto.ColInt8:
			out[name] = fmt.Sprint(c.Row(row))
		case *proto.ColInt16:
			out[name] = fmt.Sprint(c.Row(row))
		case *proto.ColInt64:
			out[name] = fmt.Sprint(c.Row(row))
		default:
			t.Fatalf("column %s is a %T", name, c)
		}
	}
	return out
}
