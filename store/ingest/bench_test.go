package ingest

import (
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
)

// discarding returns a builder whose blocks go nowhere.
func discarding[R any](set columnSet[R], rows int) *builder[R] {
	return builderOver(set, rows, func(*sealed) error { return nil })
}

func requests(n int) []*record.Request {
	g := newGenerator(1, time.Now())
	out := make([]*record.Request, n)
	for i := range out {
		out[i] = g.request()
	}
	return out
}

// TestAppendDoesNotAllocate warms the columns up with a block of the same
// names, then counts.
func TestAppendDoesNotAllocate(t *testing.T) {
	g := newGenerator(1, time.Now())
	t.Run("requests", func(t *testing.T) { appendsWithoutAllocating(t, &requestColumns{}, g.request) })
	t.Run("attempts", func(t *testing.T) { appendsWithoutAllocating(t, &attemptColumns{}, g.attempt) })
	t.Run("flows", func(t *testing.T) { appendsWithoutAllocating(t, &flowColumns{}, g.flow) })
	t.Run("spans", func(t *testing.T) { appendsWithoutAllocating(t, &spanColumns{}, g.span) })
	t.Run("logs", func(t *testing.T) { appendsWithoutAllocating(t, &logColumns{}, g.log) })
	t.Run("edge_samples", func(t *testing.T) { appendsWithoutAllocating(t, &edgeSampleColumns{}, g.edgeSample) })
	t.Run("proxy_stats", func(t *testing.T) { appendsWithoutAllocating(t, &proxyStatColumns{}, g.proxyStat) })
}

func appendsWithoutAllocating[R any](t *testing.T, set columnSet[R], next func() *R) {
	t.Helper()
	const rows = 2000
	var records []*R
	for range rows {
		records = append(records, next())
	}
	columns := set.list()
	block := func() {
		for _, r := range records {
			set.append(r)
		}
		for _, c := range columns {
			c.Reset()
		}
	}
	block()
	if allocs := testing.AllocsPerRun(1, block); allocs != 0 {
		t.Errorf("%v allocations for %d rows, want none", allocs, rows)
	}
}

// TestSealAllocatesTheBodyOnly: sealing may allocate per block and per frame,
// never per row.
func TestSealAllocatesTheBodyOnly(t *testing.T) {
	const rows = 4000
	records := requests(rows)
	b := discarding(&requestColumns{}, rows)
	block := func() {
		for _, r := range records {
			b.add(r)
		}
	}
	block()
	if allocs := testing.AllocsPerRun(3, block); allocs > 40 {
		t.Errorf("%v allocations for a block of %d rows", allocs, rows)
	}
}

// workloads are few enough records to stay in the cache, as those of a message
// that was just read do.
func workloads() map[string][]*record.Request {
	return map[string][]*record.Request{"random": requests(512), "traffic": traffic(512)}
}

// BenchmarkAppend copies records into columns, of random names and of traffic.
func BenchmarkAppend(b *testing.B) {
	for name, records := range workloads() {
		b.Run(name, func(b *testing.B) {
			set := &requestColumns{}
			columns := set.list()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%defaultBlockRows == 0 {
					for _, c := range columns {
						c.Reset()
					}
				}
				set.append(records[i%len(records)])
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkAppendAndSeal makes whole blocks.
func BenchmarkAppendAndSeal(b *testing.B) {
	for name, records := range workloads() {
		b.Run(name, func(b *testing.B) {
			var bytes int
			builder := builderOver(&requestColumns{}, defaultBlockRows, func(s *sealed) error { bytes += len(s.body); return nil })
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				builder.add(records[i%len(records)])
			}
			builder.close() // waits for the last blocks
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(bytes)/float64(b.N), "wire-B/row")
		})
	}
}

// BenchmarkSlowLog fills blocks for a log that takes two milliseconds for each,
// as a disk that is synced does.
func BenchmarkSlowLog(b *testing.B) {
	records := traffic(512)
	builder := builderOver(&requestColumns{}, defaultBlockRows, func(*sealed) error { time.Sleep(2 * time.Millisecond); return nil })
	for i := 0; b.Loop(); i++ {
		builder.add(records[i%len(records)])
	}
	builder.close()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPipeline stores into a real engine on the same machine.
func BenchmarkPipeline(b *testing.B) {
	cfg := Config{DSN: enginetest.Start(b), Collector: "bench"}
	p, err := New(cfg, (&logBuffer{}).logger())
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	records := requests(8192)
	for i := 0; b.Loop(); i++ {
		p.Request(records[i%len(records)])
	}
	if err := p.Shutdown(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(p.Stats().Tables["requests"].StoredRows)/b.Elapsed().Seconds(), "rows/s")
}
