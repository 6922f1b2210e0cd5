package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// sealedOf seals n random records of every table.
func sealedOf(t testing.TB, n int) map[string]*sealed {
	t.Helper()
	f := &fakeStore{}
	p, err := newPipeline(Config{Collector: "c1", MaxPending: 1 << 30}, f.store(nil), (&logBuffer{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	g := newGenerator(3, time.Now())
	for range n {
		p.Request(g.request())
		p.Attempt(g.attempt())
		p.Flow(g.flow())
		p.Span(g.span())
		p.Log(g.log())
		p.EdgeSample(g.edgeSample())
		p.ProxyStat(g.proxyStat())
		p.ConfigChange(g.configChange())
		p.Heartbeat(g.heartbeat())
	}
	if err := p.tables.sealAll(); err != nil {
		t.Fatal(err)
	}
	out := map[string]*sealed{}
	for _, b := range p.blocks.Close() {
		out[b.table] = b
	}
	if len(out) != len(schema.Tables()) {
		t.Fatalf("blocks of %d tables, want %d", len(out), len(schema.Tables()))
	}
	return out
}

// rowsOf reads a block's rows back with another implementation, all columns but
// the id of the block.
func rowsOf(t testing.TB, body []byte) (rows []string, ids map[string]bool) {
	t.Helper()
	d := decode(t, body)
	ids = map[string]bool{}
	for i := range d.rows {
		text := d.text(t, i)
		ids[text["block_id"]] = true
		delete(text, "block_id")
		rows = append(rows, fmt.Sprint(text))
	}
	return rows, ids
}

// TestSplit: the halves of a block hold its rows, in their order, under ids and
// tokens of their own.
func TestSplit(t *testing.T) {
	for _, n := range []int{2, 3, 301} {
		for table, b := range sealedOf(t, n) {
			t.Run(fmt.Sprint(table, n), func(t *testing.T) {
				parts, err := split(b)
				if err != nil {
					t.Fatal(err)
				}
				want, whole := rowsOf(t, b.body)
				var got []string
				for i, p := range parts {
					rows, ids := rowsOf(t, p.body)
					got = append(got, rows...)
					id, err := wal.BlockID(p.token)
					if err != nil || len(rows) != p.rows || len(ids) != 1 || !ids[hexOf(id[:])] || whole[hexOf(id[:])] {
						t.Errorf("part %d: %d rows of %d, ids %v, token %s, %v", i, len(rows), p.rows, ids, p.token, err)
					}
					block := p.walBlock()
					if err := block.Verify(); err != nil {
						t.Error(err)
					}
					if p.table != b.table || p.shard != b.shard || !p.created.Equal(b.created) || !p.part {
						t.Errorf("part = %+v", p)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" || parts[0].token == parts[1].token {
					t.Errorf("rows (-whole +parts): %.2000s", diff)
				}
				again, err := split(b)
				if err != nil || again[0].token != parts[0].token || again[1].token != parts[1].token {
					t.Errorf("a second split gives other tokens, or %v", err)
				}
			})
		}
	}
}

func TestSplitRefusesWhatItCannotRead(t *testing.T) {
	b := sealedOf(t, 4)["requests_in"]
	for name, change := range map[string]func(*sealed){
		"no id in the token": func(b *sealed) { b.token = "x" },
		"no frames":          func(b *sealed) { b.body = []byte("not compressed") },
		"half a body":        func(b *sealed) { b.body = b.body[:len(b.body)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			c := *b
			change(&c)
			if parts, err := split(&c); err == nil {
				t.Errorf("parts %v", parts)
			}
		})
	}
}

// FuzzNative takes arbitrary blocks apart: never a panic, and what is read can be
// cut.
func FuzzNative(f *testing.F) {
	for _, b := range sealedOf(f, 3) {
		data, err := decompress(b.body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := parseNative(data)
		if err != nil {
			return
		}
		for _, r := range [][2]int{{0, b.rows}, {0, b.rows / 2}, {b.rows / 2, b.rows}} {
			if _, err := b.part([16]byte{}, r[0], r[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
}
