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
	completeness completeness
}

// build makes the answer for a window from all rows of it.
// The order of the rows does not matter; edges come sorted by (src, dst, route)
// and nodes by id.
func build(counts []countRow, latencies []latencyRow, o options) ([]*graphv1.Node, []*graphv1.Edge) {
	pairs := map[pair]*tally{}
	for i := range counts {
		tallyOf(pairs, counts[i].Src, counts[i].Dst).count(&counts[i])
	}
	for i := range latencies {
		l := &latencies[i]
		if t, ok := pairs[pair{l.Src, l.Dst}]; ok {
			t.latency(l)
		}
	}
	var edges []*graphv1.Edge
	for p, t := range pairs {
		edges = append(edges, t.edges(p, o)...)
	}
	slices.SortFunc(edges, compareEdges)
	return nodes(counts), edges
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
