package graph

import (
	"maps"
	"slices"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// histogram counts requests by latency bin.
type histogram map[record.Bin]uint64

// add adds the counts of other.
func (h histogram) add(other histogram) {
	for bin, n := range other {
		h[bin] += n
	}
}

// quantiles returns p50, p90, p99 and p99.9 in milliseconds, nil without requests.
func (h histogram) quantiles() *graphv1.Quantiles {
	bins := slices.Sorted(maps.Keys(h))
	if h.total() == 0 {
		return nil
	}
	return &graphv1.Quantiles{
		P50: h.quantile(bins, 500),
		P90: h.quantile(bins, 900),
		P99: h.quantile(bins, 990), P999: h.quantile(bins, 999),
	}
}

// proto lists the bins that are not empty, in ascending order.
func (h histogram) proto() []*graphv1.LatencyBin {
	var out []*graphv1.LatencyBin
	for _, bin := range slices.Sorted(maps.Keys(h)) {
		if h[bin] > 0 {
			low, high := bin.Bounds()
			out = append(out, &graphv1.LatencyBin{LowUs: low, HighUs: high, Requests: h[bin]})
		}
	}
	return out
}

func (h histogram) total() uint64 {
	var n uint64
	for _, c := range h {
		n += c
	}
	return n
}

// quantile returns the value of rank ⌈n·permille/1000⌉ (the inverse of the
// empirical distribution function: type 1 of Hyndman & Fan, 1996) in
// milliseconds. The bounds are the edges of the bin that holds the rank; the
// estimate spreads the rows of that bin evenly over it, each in the middle of
// its share. The bins must be sorted and hold at least one row.
func (h histogram) quantile(bins []record.Bin, permille uint64) *typesv1.Figure {
	rank := max((h.total()*permille+999)/1000, 1)
	var before uint64
	for _, bin := range bins {
		if before+h[bin] < rank {
			before += h[bin]
			continue
		}
		low, high := edges(bin)
		share := (float64(rank-before) - 0.5) / float64(h[bin])
		return &typesv1.Figure{
			Estimate: milliseconds(low + (high-low)*share),
			Low:      milliseconds(low),
			High:     milliseconds(high),
		}
	}
	return nil
}

// edges returns the least and the greatest value of a bin in microseconds. A
// bin of one microsecond holds a single value.
func edges(bin record.Bin) (low, high float64) {
	lo, hi := bin.Bounds()
	if hi-lo == 1 {
		lo = hi
	}
	return float64(lo), float64(hi)
}

func milliseconds(us float64) float64 { return us / 1000 }
