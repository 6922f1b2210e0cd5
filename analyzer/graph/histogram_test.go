package graph

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func histogramOf(values ...uint32) histogram {
	h := histogram{}
	for _, us := range values {
		h[record.BinOf(us)]++
	}
	return h
}

func TestQuantiles(t *testing.T) {
	figure := func(estimate, low, high float64) *typesv1.Figure {
		return &typesv1.Figure{Estimate: estimate, Low: low, High: high}
	}
	hundred := make([]uint32, 100) // 0.1 ms to 10 ms: ranks fall into bins of 0.1 ms
	for i := range hundred {
		hundred[i] = uint32(i+1) * 100
	}
	for _, c := range []struct {
		name string
		hist histogram
		want *graphv1.Quantiles
	}{
		{"none", histogram{}, nil},
		{"empty bins", histogram{3: 0}, nil},
		{"zero", histogramOf(0), &graphv1.Quantiles{P50: figure(0, 0, 0), P90: figure(0, 0, 0), P99: figure(0, 0, 0), P999: figure(0, 0, 0)}},
		{"single microseconds are exact", histogramOf(7, 8, 9), &graphv1.Quantiles{
			P50: figure(0.008, 0.008, 0.008), P90: figure(0.009, 0.009, 0.009), P99: figure(0.009, 0.009, 0.009), P999: figure(0.009, 0.009, 0.009),
		}},
		{"one row stands in the middle of its bin", histogramOf(25_300), &graphv1.Quantiles{
			P50: figure(25.5, 25, 26), P90: figure(25.5, 25, 26), P99: figure(25.5, 25, 26), P999: figure(25.5, 25, 26),
		}},
		{"an upper edge belongs to the bin", histogramOf(25_000), &graphv1.Quantiles{
			P50: figure(24.5, 24, 25), P90: figure(24.5, 24, 25), P99: figure(24.5, 24, 25), P999: figure(24.5, 24, 25),
		}},
		{"rows of a bin are spread evenly", histogram{record.BinOf(25_300): 10}, &graphv1.Quantiles{
			P50: figure(25.45, 25, 26), P90: figure(25.85, 25, 26), P99: figure(25.95, 25, 26), P999: figure(25.95, 25, 26),
		}},
		{"ranks", histogramOf(hundred...), &graphv1.Quantiles{
			P50: figure(4.95, 4.9, 5), P90: figure(8.95, 8.9, 9), P99: figure(9.85, 9.8, 9.9), P999: figure(9.95, 9.9, 10),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
			if diff := cmp.Diff(c.want, c.hist.quantiles(), protocmp.Transform(), near); diff != "" {
				t.Errorf("quantiles (-want +got):\n%s", diff)
			}
		})
	}
}

// TestQuantileBoundsHold checks on random samples that the exact quantile lies
// within the bounds, and that bounds and estimates never decrease with the rank.
func TestQuantileBoundsHold(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 7))
	for range 300 {
		values := make([]uint32, 1+rng.IntN(200))
		for i := range values {
			values[i] = uint32(rng.Uint64() >> (32 + rng.IntN(32)))
		}
		h := histogramOf(values...)
		slices.Sort(values)
		q := h.quantiles()
		last := &typesv1.Figure{}
		for _, c := range []struct {
			permille int
			got      *typesv1.Figure
		}{{500, q.P50}, {900, q.P90}, {990, q.P99}} {
			rank := (len(values)*c.permille + 999) / 1000
			exact := float64(values[rank-1]) / 1000
			if exact < c.got.Low || exact > c.got.High {
				t.Fatalf("exact quantile %v of %d values lies outside [%v, %v]", exact, len(values), c.got.Low, c.got.High)
			}
			if c.got.Estimate < c.got.Low || c.got.Estimate > c.got.High {
				t.Fatalf("estimate %v lies outside [%v, %v]", c.got.Estimate, c.got.Low, c.got.High)
			}
			if c.got.Estimate < last.Estimate {
				t.Fatalf("estimate %v falls below the one of a lower rank, %v", c.got.Estimate, last.Estimate)
			}
			last = c.got
		}
	}
}

func TestHistogramProto(t *testing.T) {
	h := histogramOf(0, 7, 7, 25_300)
	h[record.BinOf(99)] = 0
	want := []*graphv1.LatencyBin{
		{LowUs: -1, HighUs: 0, Requests: 1},
		{LowUs: 6, HighUs: 7, Requests: 2},
		{LowUs: 25_000, HighUs: 26_000, Requests: 1},
	}
	if diff := cmp.Diff(want, h.proto(), protocmp.Transform()); diff != "" {
		t.Errorf("bins (-want +got):\n%s", diff)
	}
}
