package graph

import (
	"cmp"
	"slices"
	"time"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// options of an answer.
type options struct {
	length       time.Duration // of the window
	withBins     bool
	within       []uint32 // thresholds in microseconds
	groupBy      string
	completeness completeness
}

// build makes the answer for a window from all rows of it.
// The order of the rows does not matter; edges come sorted by (src, dst, route)
// and nodes by id.
func build(counts []countRow, latencies []latencyRow, o options) ([]*graphv1.Node, []*graphv1.Edge) {
	nodes, all := count(counts, o)
	return nodes, finish(all, latencies, o)
}

// count makes nodes and lines of counts alone, grouped as the options say.
func count(counts []countRow, o options) ([]*graphv1.Node, []*line) {
	pairs := map[pair]*tally{}
	for i := range counts {
		tallyOf(pairs, counts[i].Src, counts[i].Dst).count(&counts[i])
	}
	var all []*line
	for p, t := range pairs {
		all = append(all, t.edges(p, o)...)
	}
	ends := nodes(counts)
	markDead(ends, all)
	slices.SortFunc(all, compareLines)
	return group(ends, all, o.groupBy)
}

// finish adds latencies to lines and what follows from the sums.
func finish(all []*line, latencies []latencyRow, o options) []*graphv1.Edge {
	owners := map[member]*line{}
	for _, l := range all {
		for _, m := range l.members {
			owners[m] = l
		}
	}
	for i := range latencies {
		r := &latencies[i]
		if l := owners[member{pair{r.Src, r.Dst}, view{r.Route, r.Vantage}}]; l != nil {
			l.hist.add(r.Hist)
		}
	}
	var edges []*graphv1.Edge
	for _, l := range all {
		l.finish(o)
		edges = append(edges, l.edge)
	}
	slices.SortFunc(edges, compareEdges)
	return edges
}

func compareEdges(a, b *graphv1.Edge) int {
	return cmp.Or(cmp.Compare(a.Src, b.Src), cmp.Compare(a.Dst, b.Dst), cmp.Compare(a.Route, b.Route))
}

// precedence orders vantages for the canonical view, best first. Layer 4 and
// node speak only where nothing else reports.
var precedence = []record.Vantage{
	record.VantageClient, record.VantageServer, record.VantageGateway,
	record.VantageL4Client, record.VantageL4Server, record.VantageNode,
}

// canonical returns the best vantage that has rows.
func canonical(seen map[record.Vantage]bool) record.Vantage {
	for _, v := range precedence {
		if seen[v] {
			return v
		}
	}
	return record.VantageUnknown
}

// unit says what one row of a vantage counts.
func unit(v record.Vantage) string {
	if v == record.VantageServer {
		return "attempts"
	}
	return "requests"
}
