package meshmetrics

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// drafts are the samples of one scrape, in the making.
type drafts map[mapping.Edge]*draft

// draft gathers the series of one edge.
type draft struct {
	requests, requestBytes, responseBytes float64

	buckets      []bucket
	latencySum   bucket
	beganAnew    bool // a series of the histogram did
	countsAnew   bool // the request counter did
	step         time.Duration
	unremembered bool // a series of the histogram is read for the first time
}

// bucket is what a cumulative bucket grew by.
type bucket struct {
	bound         uint64 // µs
	growth, total float64
}

// edge adds a reading to the draft of its edge.
func (s *scraper) edge(at time.Time, r reading, edges drafts) {
	change := s.observe(at, r)
	if change.Kind.Refused() {
		return
	}
	d := edges[r.place.Edge]
	if d == nil {
		d = &draft{}
		edges[r.place.Edge] = d
	}
	d.step = max(d.step, change.Step)
	d.add(r, change)
}

func (d *draft) add(r reading, change delta.Change) {
	scale := cmp.Or(r.place.Scale, 1)
	anew := change.Kind == delta.Reset
	growth := change.Growth * scale
	switch r.place.Field {
	case mapping.Requests:
		d.requests += growth
		d.countsAnew = d.countsAnew || anew
		return
	case mapping.RequestBytes:
		d.requestBytes += growth
		return
	case mapping.ResponseBytes:
		d.responseBytes += growth
		return
	case mapping.LatencySum:
		d.latencySum = bucket{growth: growth, total: r.value * scale}
	case mapping.LatencyBucket:
		d.buckets = append(d.buckets, bucket{bound: r.place.Bound, growth: growth, total: r.value})
	}
	d.beganAnew = d.beganAnew || anew
	d.unremembered = d.unremembered || change.Kind == delta.First
}

// finish calls each for every draft in which something was counted.
func (ds drafts) finish(each func(*record.EdgeSample)) {
	for edge, d := range ds {
		e := record.EdgeSample{
			Step: d.step, Vantage: edge.Vantage, Src: edge.Src, Dst: edge.Dst, Protocol: edge.Protocol, MTLS: edge.MTLS,
			Outcome: edge.Outcome, Code: edge.Code, GRPCStatus: edge.GRPCStatus, Flags: edge.Flags,
			Requests: whole(d.requests), RequestBytes: whole(d.requestBytes), ResponseBytes: whole(d.responseBytes),
			Reset: d.countsAnew || d.beganAnew,
		}
		if counted := d.latency(&e, edge.Latency); e.Requests > 0 || counted {
			each(&e)
		}
	}
}

// latency fills in the histogram and tells whether it has counted anything. The
// series of a histogram begin anew together, though only those that fell show
// it: then all count from zero. One of which a series is not remembered tells
// nothing yet.
func (d *draft) latency(e *record.EdgeSample, kind record.LatencyKind) bool {
	if len(d.buckets) == 0 || d.unremembered && !d.beganAnew {
		return false
	}
	slices.SortFunc(d.buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	var below, all uint64
	for _, b := range d.buckets {
		count := whole(b.value(d.beganAnew))
		in := uint64(0)
		if count > below { // a page is not read at one instant: buckets may be a count apart
			in, below = count-below, count
		}
		all += in
		e.Counts = append(e.Counts, in)
		if b.bound != mapping.NoBound {
			e.Bounds = append(e.Bounds, b.bound)
		}
	}
	if len(e.Counts) == len(e.Bounds) { // without "+Inf"
		e.Counts = append(e.Counts, 0)
	}
	if all == 0 {
		e.Bounds, e.Counts = nil, nil
		return false
	}
	e.Latency, e.LatencySum = kind, whole(d.latencySum.value(d.beganAnew))
	return true
}

// value is what a series of a histogram adds.
func (b bucket) value(anew bool) float64 {
	if anew {
		return b.total
	}
	return b.growth
}

// whole rounds a count that is never negative.
func whole(v float64) uint64 {
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return uint64(math.Round(v))
}
