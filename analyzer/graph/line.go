package graph

import (
	"github.com/plimsoll-mesh/plimsoll/record"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

// member names the stored rows that an edge's requests come from.
type member struct {
	pair
	view
}

// line is an edge in the making: its counts are there, its latencies follow for
// the ones that are shown.
type line struct {
	edge    *graphv1.Edge
	members []member
	hist    histogram

	mtlsKnown, mtlsMutual uint64
}

// lines wraps the edges of one pair, whose rows are those of its vantage.
func lines(p pair, best record.Vantage, byRoute map[string]*graphv1.Edge, views map[view]*figures) []*line {
	var out []*line
	for route, e := range byRoute {
		l := &line{edge: e, hist: histogram{}}
		at := view{route, best}
		if f := views[at]; f != nil {
			l.members = []member{{p, at}}
			l.mtlsKnown, l.mtlsMutual = f.mtlsKnown, f.mtlsMutual
		}
		out = append(out, l)
	}
	return out
}

func compareLines(a, b *line) int { return compareEdges(a.edge, b.edge) }

// finish fills in what follows from counts and histogram.
func (l *line) finish(o options) {
	e := l.edge
	e.Rate = float64(e.Requests) / o.length.Seconds()
	e.ErrorRatio = ratio(e.Failures, e.Requests)
	e.Mtls = ratio(l.mtlsMutual, l.mtlsKnown)
	if e.Unit == unit(record.VantageClient) {
		e.Amplification = ratio(e.Attempts, e.Requests)
	}
	for _, s := range e.Sources {
		s.ErrorRatio = ratio(s.Failures, s.Requests)
	}
	e.LatencyMs = l.hist.quantiles()
	if o.withBins {
		e.LatencyBins = l.hist.proto()
	}
	for _, us := range o.within {
		e.Within = append(e.Within, l.hist.within(us))
	}
}
