package diff

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/record"
)

const (
	// Level is the expected share of false alarms among what is reported.
	Level = 0.01
	// MinRate is the least factor between two rates that is worth a word.
	MinRate = 1.2
)

// Key names an edge.
type Key struct{ Src, Dst, Route string }

func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Src, o.Src), cmp.Compare(k.Dst, o.Dst), cmp.Compare(k.Route, o.Route))
}

// Counts are what one window holds of one edge. Those of one key add up.
type Counts struct {
	Key
	// Unit is what Requests counts. Edges of different units are not compared:
	// their difference would be one of the point of view.
	Unit               string
	Requests, Failures uint64
	// Latency counts requests by bin; empty: not known.
	Latency map[record.Bin]uint64
}

// Kind says what became of an edge.
type Kind string

// The kinds of a change.
const (
	New     Kind = "new"
	Gone    Kind = "gone"
	Changed Kind = "changed"
	Same    Kind = "same"
	// Unlike edges have different units in the two windows.
	Unlike Kind = "unlike"
)

// Test is one comparison of an edge. Values are failures and slow requests as
// shares, and requests per second.
type Test struct {
	Figure        string // errors, slow or rate
	Before, After float64
	P             float64 // of a difference at least as great, were there none
	Q             float64 // corrected for the number of tests
	Significant   bool
	// ThresholdUs is above what a request is slow; zero for other figures.
	ThresholdUs int64
}

// Change is what became of one edge.
type Change struct {
	Key
	Kind          Kind
	Before, After Counts
	Tests         []Test // in the order errors, slow, rate; empty unless both windows have requests
}

// Window is a list of edges and how long they were counted.
type Window struct {
	Length time.Duration
	Edges  []Counts
}

// Compare tells what became of every edge of two windows, sorted by key. The
// order of edges does not matter.
func Compare(before, after Window) []Change {
	a, b := byKey(before.Edges), byKey(after.Edges)
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	out := make([]Change, 0, len(keys))
	for _, k := range slices.SortedFunc(maps.Keys(keys), Key.compare) {
		c := Change{Key: k, Before: a[k], After: b[k]}
		c.Kind = kindOf(c.Before, c.After)
		if c.Kind == Same {
			c.Tests = tests(c.Before, c.After, before.Length, after.Length)
		}
		out = append(out, c)
	}
	judge(out)
	return out
}

// byKey adds up edges with requests. One with several units is of none.
func byKey(edges []Counts) map[Key]Counts {
	out := map[Key]Counts{}
	for _, e := range edges {
		if e.Requests == 0 {
			continue
		}
		sum, seen := out[e.Key]
		if !seen {
			sum = Counts{Key: e.Key, Unit: e.Unit, Latency: map[record.Bin]uint64{}}
		}
		if sum.Unit != e.Unit {
			sum.Unit = "mixed"
		}
		sum.Requests += e.Requests
		sum.Failures += e.Failures
		for bin, n := range e.Latency {
			sum.Latency[bin] += n
		}
		out[e.Key] = sum
	}
	return out
}

func kindOf(a, b Counts) Kind {
	switch {
	case a.Requests == 0:
		return New
	case b.Requests == 0:
		return Gone
	case a.Unit != b.Unit:
		return Unlike
	}
	return Same
}

func tests(a, b Counts, before, after time.Duration) []Test {
	out := []Test{{
		Figure: "errors", Before: share(a.Failures, a.Requests), After: share(b.Failures, b.Requests),
		P: proportions(a.Failures, a.Requests, b.Failures, b.Requests),
	}}
	if bin, ok := median(a.Latency); ok && total(b.Latency) > 0 {
		x, n := above(a.Latency, bin), total(a.Latency)
		y, m := above(b.Latency, bin), total(b.Latency)
		_, threshold := bin.Bounds()
		out = append(out, Test{
			Figure: "slow", Before: share(x, n), After: share(y, m),
			P: proportions(x, n, y, m), ThresholdUs: threshold,
		})
	}
	if before > 0 && after > 0 {
		out = append(out, Test{
			Figure: "rate", Before: float64(a.Requests) / before.Seconds(), After: float64(b.Requests) / after.Seconds(),
			P: counts(a.Requests, b.Requests, after.Seconds()/(before+after).Seconds()),
		})
	}
	return out
}

// judge corrects all tests together and marks what changed.
func judge(changes []Change) {
	var ps []float64
	for _, c := range changes {
		for _, t := range c.Tests {
			ps = append(ps, t.P)
		}
	}
	qs := Correct(ps)
	for i := range changes {
		for j := range changes[i].Tests {
			t := &changes[i].Tests[j]
			t.Q, qs = qs[0], qs[1:]
			t.Significant = t.Q <= Level && (t.Figure != "rate" || factor(t.Before, t.After) >= MinRate)
			if t.Significant {
				changes[i].Kind = Changed
			}
		}
	}
}

// factor is how many times the greater of two positive numbers is the lesser.
func factor(a, b float64) float64 { return math.Max(a, b) / math.Min(a, b) }

func share(part, whole uint64) float64 { return float64(part) / float64(whole) }

func total(h map[record.Bin]uint64) (n uint64) {
	for _, c := range h {
		n += c
	}
	return n
}

func above(h map[record.Bin]uint64, edge record.Bin) (n uint64) {
	for bin, c := range h {
		if bin > edge {
			n += c
		}
	}
	return n
}

// median returns the bin that holds the value of rank ⌈n/2⌉.
func median(h map[record.Bin]uint64) (record.Bin, bool) {
	rank, before := (total(h)+1)/2, uint64(0)
	for _, bin := range slices.Sorted(maps.Keys(h)) {
		if before += h[bin]; before >= rank && rank > 0 {
			return bin, true
		}
	}
	return 0, false
}
