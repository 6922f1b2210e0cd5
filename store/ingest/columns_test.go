package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// builderOver returns a builder on its own: its blocks go to emit.
func builderOver[R any](set columnSet[R], rows int, emit func(*sealed) error) *builder[R] {
	p := &Pipeline{cfg: Config{BlockRows: rows}, id: 0xabcd, log: (&logBuffer{}).logger(), blocks: newMemoryLog(1)}
	b := newBuilder(set, p, &counters{})
	b.emit = emit
	return b
}

// sealedBy runs records through a builder and returns the only block.
func sealedBy[R any](t testing.TB, set columnSet[R], records ...*R) *sealed {
	t.Helper()
	var out []*sealed
	b := builderOver(set, len(records)+1, func(s *sealed) error { out = append(out, s); return nil })
	for _, r := range records {
		b.add(r)
	}
	if err := b.seal(); err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 {
		t.Fatalf("%d blocks, want 1", len(out))
	}
	return out[0]
}

func hexOf(b []byte) string { return fmt.Sprintf("%x", b) }

// seed names the random records of a test, so that a failure can be repeated.
func seed(t testing.TB) uint64 {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	t.Logf("seed %d", n)
	return n
}

// roundTrip holds what a reader finds in a block to the records that went into
// it, column by column, over two blocks of one set of columns.
func roundTrip[R any](t *testing.T, set columnSet[R], next func() *R, want func(*R) row) {
	t.Helper()
	for block := range 2 {
		var records []*R
		for range 400 {
			records = append(records, next())
		}
		sealed := sealedBy(t, set, records...)
		got := decode(t, sealed.body)
		var columns []schema.Column
		for i, name := range got.names {
			columns = append(columns, schema.Column{Name: name, Type: got.types[i]})
		}
		if diff := cmp.Diff(set.table(), schema.Table{Name: sealed.table, Columns: columns}); diff != "" {
			t.Fatalf("block %d: names and types: %s", block, diff)
		}
		for i, r := range records {
			row := want(r).with(row{"block_id": blockID(0xabcd, 1)}).text()
			if diff := cmp.Diff(row, got.text(t, i)); diff != "" {
				t.Fatalf("block %d, row %d: %s", block, i, diff)
			}
		}
	}
}

// TestEveryTable is a property test: whatever the records, a reader of the
// sealed block finds them again.
func TestEveryTable(t *testing.T) {
	g := newGenerator(seed(t), time.Now())
	t.Run("requests", func(t *testing.T) { roundTrip(t, &requestColumns{}, g.request, requestRow) })
	t.Run("attempts", func(t *testing.T) { roundTrip(t, &attemptColumns{}, g.attempt, attemptRow) })
	t.Run("heartbeats", func(t *testing.T) { roundTrip(t, &heartbeatColumns{}, g.heartbeat, heartbeatRow) })
	t.Run("flows", func(t *testing.T) { roundTrip(t, &flowColumns{}, g.flow, flowRow) })
	t.Run("spans", func(t *testing.T) { roundTrip(t, &spanColumns{}, g.span, spanRow) })
	t.Run("logs", func(t *testing.T) { roundTrip(t, &logColumns{}, g.log, logRow) })
	t.Run("edge_samples", func(t *testing.T) { roundTrip(t, &edgeSampleColumns{}, g.edgeSample, edgeSampleRow) })
	t.Run("proxy_stats", func(t *testing.T) { roundTrip(t, &proxyStatColumns{}, g.proxyStat, proxyStatRow) })
	t.Run("config_changes", func(t *testing.T) { roundTrip(t, &configChangeColumns{}, g.configChange, configChangeRow) })
}

// TestEveryTableEmpty: a record without anything has a row too.
func TestEveryTableEmpty(t *testing.T) {
	t.Run("spans", func(t *testing.T) {
		roundTrip(t, &spanColumns{}, func() *record.Span { return &record.Span{} }, spanRow)
	})
	t.Run("edge_samples", func(t *testing.T) {
		roundTrip(t, &edgeSampleColumns{}, func() *record.EdgeSample { return &record.EdgeSample{} }, edgeSampleRow)
	})
	t.Run("requests", func(t *testing.T) {
		roundTrip(t, &requestColumns{}, func() *record.Request { return &record.Request{} }, requestRow)
	})
}

// TestTablesCoverTheSchema: every table of the schema has a builder.
func TestTablesCoverTheSchema(t *testing.T) {
	p, err := newPipeline(Config{Collector: "c1"}, (&fakeStore{}).store(nil), (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, table := range schema.Tables() {
		want = append(want, table.Name)
	}
	for table := range p.tables.counts {
		got = append(got, table)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRequestIDThatAddsNothing: the text form of the call id is not stored
// twice.
func TestRequestIDThatAddsNothing(t *testing.T) {
	call := [16]byte{0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xf0}
	const form = "0f010203-0405-0607-0809-0a0b0c0d0ef0"
	for id, want := range map[string]string{
		form: "", "": "",
		strings.ToUpper(form):                  strings.ToUpper(form),
		form + "0":                             form + "0",
		"0f010203-0405-0607-0809-0a0b0c0d0ef1": "0f010203-0405-0607-0809-0a0b0c0d0ef1",
		"0f010203_0405-0607-0809-0a0b0c0d0ef0": "0f010203_0405-0607-0809-0a0b0c0d0ef0",
	} {
		r := decode(t, sealedBy(t, &requestColumns{}, &record.Request{CallID: call, RequestID: id}).body)
		s := decode(t, sealedBy(t, &spanColumns{}, &record.Span{CallID: call, RequestID: id}).body)
		for _, block := range []decoded{r, s} {
			if got := block.strings(t, "request_id")[0]; got != want {
				t.Errorf("request id %q is stored as %q, want %q", id, got, want)
			}
		}
	}
}

func TestRequestWithoutFirstByteHasNoBin(t *testing.T) {
	block := sealedBy(t, &requestColumns{}, &record.Request{Duration: 0, FirstByte: 0})
	row := decode(t, block.body).text(t, 0)
	if row["first_byte_bin"] != "-1" || row["duration_bin"] != "0" {
		t.Errorf("bins = %s and %s, want -1 and 0", row["first_byte_bin"], row["duration_bin"])
	}
}
