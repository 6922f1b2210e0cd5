// Package promdiff holds tests only: it compares our figures with those of the
// Prometheus engine over the same series.
//
// Prometheus counts a range (t−w, t] by the samples in it, so that a range of w
// and one scrape interval sees the increments of exactly w; what it extrapolates
// to the edges is the same factor for good and total, and cancels.
package promdiff

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/record"
)

const scrape = 10 * time.Second

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// TestBurnRates draws traffic, with quiet stretches and outages, and compares
// burn rates over all default windows and the budget that is left.
func TestBurnRates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		buckets := traffic(r, 3*360)
		db := database{
			counter("requests_total", buckets, func(c budget.Count) float64 { return float64(c.Total) }),
			counter("errors_total", buckets, func(c budget.Count) float64 { return float64(c.Bad()) }),
		}
		for _, w := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour} {
			count := budget.Sum(buckets[len(buckets)-int(w/scrape):]...)
			want, ok := count.BurnRate(0.001)
			span := (w + scrape).String()
			got := db.value(t, len(buckets), fmt.Sprintf("rate(errors_total[%s]) / rate(requests_total[%s]) / 0.001", span, span))
			if ok != !math.IsNaN(got) {
				t.Fatalf("over %s ours is defined: %v, Prometheus has %v", w, ok, got)
			}
			same(t, "burn rate over "+w.String(), want, got)
			if left, ok := count.Remaining(0.001); ok {
				same(t, "left", left, db.value(t, len(buckets), fmt.Sprintf(
					"1 - increase(errors_total[%s]) / (0.001 * increase(requests_total[%s]))", span, span)))
			}
		}
	}
}

// TestRules compares when a row fires with the usual alerting expression.
func TestRules(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	fired := 0
	for range 60 {
		buckets := traffic(r, 400)
		db := database{
			counter("requests_total", buckets, func(c budget.Count) float64 { return float64(c.Total) }),
			counter("errors_total", buckets, func(c budget.Count) float64 { return float64(c.Bad()) }),
		}
		long, short := budget.Sum(buckets[len(buckets)-360:]...), budget.Sum(buckets[len(buckets)-30:]...)
		want := long.Exceeds(14.4, 0.01) && short.Exceeds(14.4, 0.01)
		got := db.value(t, len(buckets), `(rate(errors_total[1h10s]) / rate(requests_total[1h10s]) > bool (14.4 * 0.01))
			* (rate(errors_total[5m10s]) / rate(requests_total[5m10s]) > bool (14.4 * 0.01))`) == 1
		if got != want {
			t.Errorf("ours fires: %v, theirs: %v; long %v, short %v", want, got, long, short)
		}
		if want {
			fired++
		}
	}
	if fired < 5 || fired > 55 {
		t.Errorf("%d of 60 fire: the test shows little", fired)
	}
}

// TestFractions compares the share of requests at or below a bound, counted in
// bins, with classic buckets and with histogram_fraction over a native
// histogram that has our edges.
func TestFractions(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	edges := []uint32{1_000, 10_000, 100_000, 250_000, 300_000, 1_000_000, 2_500_000}
	for range 5 {
		durations := make([]uint32, 2000)
		for i := range durations {
			durations[i] = uint32(math.Exp(r.NormFloat64()*1.5+11)) + 1
			if r.IntN(10) == 0 {
				durations[i] = edges[r.IntN(len(edges))] // on an edge, which is in
			}
		}
		db := database{}
		for _, e := range edges {
			db = append(db, classic(durations, e))
		}
		db = append(db, classic(durations, math.MaxUint32), native(durations, edges))
		for _, e := range edges {
			good := uint64(0)
			for _, d := range durations {
				if record.BinOf(d) <= record.BinOf(e) {
					good++
				}
			}
			want, _ := budget.Count{Good: good, Total: uint64(len(durations))}.SLI()
			bound := float64(e) / 1e6
			same(t, fmt.Sprintf("share ≤ %v s by classic buckets", bound), want, db.value(t, 2, fmt.Sprintf(
				`sum(increase(latency_bucket{le="%v"}[1m])) / sum(increase(latency_bucket{le="+Inf"}[1m]))`, bound)))
			same(t, fmt.Sprintf("share ≤ %v s by a native histogram", bound), want, db.value(t, 2, fmt.Sprintf(
				`sum(histogram_fraction(-Inf, %v, increase(latency[1m])))`, bound)))
		}
	}
}

// traffic draws buckets: busy, quiet or failing for stretches.
func traffic(r *rand.Rand, n int) []budget.Count {
	var buckets []budget.Count
	for len(buckets) < n {
		volume, failing := []uint64{0, 3, 500}[r.IntN(3)], []float64{0, 0.001, 0.3}[r.IntN(3)]
		for range min(1+r.IntN(200), n-len(buckets)) {
			c := budget.Count{}
			if volume > 0 {
				c.Total = r.Uint64N(volume)
			}
			for range c.Total {
				if r.Float64() >= failing {
					c.Good++
				}
			}
			buckets = append(buckets, c)
		}
	}
	return buckets
}

func same(t *testing.T, what string, ours, theirs float64) {
	t.Helper()
	if math.IsNaN(theirs) && ours == 0 {
		return // undefined in both
	}
	if math.IsNaN(theirs) || math.Abs(ours-theirs) > 1e-9*max(1, math.Abs(ours)) {
		t.Errorf("%s: ours %v, Prometheus %v", what, ours, theirs)
	}
}

// counter is a series that is scraped at the start and at the end of every
// bucket.
func counter(name string, buckets []budget.Count, of func(budget.Count) float64) storage.Series {
	samples := []chunks.Sample{sample{t: start}}
	sum := 0.0
	for i, c := range buckets {
		sum += of(c)
		samples = append(samples, sample{t: start.Add(time.Duration(i+1) * scrape), f: sum})
	}
	return storage.NewListSeries(labels.FromStrings(metricName, name), samples)
}

func classic(durations []uint32, edge uint32) storage.Series {
	n, le := 0.0, "+Inf"
	if edge != math.MaxUint32 {
		le = fmt.Sprint(float64(edge) / 1e6)
	}
	for _, d := range durations {
		if d <= edge {
			n++
		}
	}
	return storage.NewListSeries(labels.FromStrings(metricName, "latency_bucket", "le", le),
		[]chunks.Sample{sample{t: start}, sample{t: start.Add(2 * scrape), f: n}})
}

// native is a histogram with custom buckets, whose upper edges are in, like
// ours.
func native(durations, edges []uint32) storage.Series {
	h := &histogram.FloatHistogram{
		Schema: histogram.CustomBucketsSchema, Count: float64(len(durations)),
		PositiveSpans: []histogram.Span{{Length: uint32(len(edges) + 1)}}, PositiveBuckets: make([]float64, len(edges)+1),
	}
	for _, e := range edges {
		h.CustomValues = append(h.CustomValues, float64(e)/1e6)
	}
	for _, d := range durations {
		i := 0
		for i < len(edges) && d > edges[i] {
			i++
		}
		h.PositiveBuckets[i]++
		h.Sum += float64(d) / 1e6
	}
	empty := h.Copy()
	empty.Count, empty.Sum = 0, 0
	clear(empty.PositiveBuckets)
	return storage.NewListSeries(labels.FromStrings(metricName, "latency"),
		[]chunks.Sample{sample{t: start, h: empty}, sample{t: start.Add(2 * scrape), h: h}})
}

// database is a storage.Queryable in memory.
type database []storage.Series

// value evaluates a query at the end of the n-th bucket.
func (d database) value(t *testing.T, n int, query string) float64 {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1 << 20, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	defer engine.Close()
	q, err := engine.NewInstantQuery(t.Context(), d, nil, query, start.Add(time.Duration(n)*scrape))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	res := q.Exec(t.Context())
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	vector, err := res.Vector()
	if err != nil || len(vector) != 1 {
		t.Fatalf("%s gives %v, %v", query, res, err)
	}
	return vector[0].F
}

func (d database) Querier(int64, int64) (storage.Querier, error) { return d, nil }

func (d database) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &seriesSet{}
	for _, s := range d {
		matches := true
		for _, m := range matchers {
			matches = matches && m.Matches(s.Labels().Get(m.Name))
		}
		if matches {
			set.rest = append(set.rest, s)
		}
	}
	return set
}

func (d database) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (d database) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (d database) Close() error { return nil }

type seriesSet struct {
	at   storage.Series
	rest []storage.Series
}

func (s *seriesSet) Next() bool {
	if len(s.rest) == 0 {
		return false
	}
	s.at, s.rest = s.rest[0], s.rest[1:]
	return true
}

func (s *seriesSet) At() storage.Series                { return s.at }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// sample is a number, or a histogram if it has one.
type sample struct {
	t time.Time
	f float64
	h *histogram.FloatHistogram
}

func (s sample) T() int64                      { return s.t.UnixMilli() }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.f }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return s.h }
func (s sample) Copy() chunks.Sample           { return s }
func (s sample) Type() chunkenc.ValueType {
	if s.h != nil {
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}

// metricName is the label that holds the name of a metric.
const metricName = "__name__"
