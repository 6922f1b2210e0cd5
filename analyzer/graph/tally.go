package graph

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// tally holds what every vantage says of one (src, dst), by route.
type tally struct {
	vantages map[record.Vantage]bool
	views    map[view]*figures
}

// figures are the sums of one route in one vantage.
type figures struct {
	requests, attempts, failures uint64
	mtlsKnown, mtlsMutual        uint64
	requestBytes, responseBytes  uint64
	first, last                  int64 // Unix µs of the first and the last bucket; valid with requests
	outcomes                     map[string]uint64
	protocols                    map[string]uint64
}

func newFigures() *figures {
	return &figures{outcomes: map[string]uint64{}, protocols: map[string]uint64{}}
}

func tallyOf(pairs map[pair]*tally, src, dst string) *tally {
	p := pair{src, dst}
	if pairs[p] == nil {
		pairs[p] = &tally{vantages: map[record.Vantage]bool{}, views: map[view]*figures{}}
	}
	return pairs[p]
}

func (t *tally) figures(route string, v record.Vantage) *figures {
	at := view{route, v}
	if t.views[at] == nil {
		t.views[at] = newFigures()
	}
	return t.views[at]
}

func (t *tally) count(r *countRow) {
	if r.Requests == 0 {
		return
	}
	t.vantages[r.Vantage] = true
	f := t.figures(r.Route, r.Vantage)
	if f.requests == 0 {
		f.first, f.last = r.First, r.Last
	}
	f.first, f.last = min(f.first, r.First), max(f.last, r.Last)
	f.requestBytes += r.RequestBytes
	f.responseBytes += r.ResponseBytes
	f.requests += r.Requests
	f.attempts += r.Attempts
	f.mtlsKnown += r.MTLSKnown
	f.mtlsMutual += r.MTLSMutual
	f.outcomes[r.Outcome.String()] += r.Requests
	f.protocols[r.Protocol] += r.Requests
	if r.Outcome.Failed() {
		f.failures += r.Requests
	}
}

// unmatched is the route of the one edge of a (src, dst) that holds what other
// vantages report on routes that the canonical one does not know.
const unmatched = "~unmatched"

// edges returns one edge for each route of the canonical vantage. Rows of other
// vantages join the edge of the same route, or the only one there is; what fits
// neither joins the remainder, so that no arrival is lost or counted twice.
func (t *tally) edges(p pair, o options) []*line {
	if len(t.vantages) == 0 {
		return nil
	}
	best := canonical(t.vantages)
	byRoute := map[string]*graphv1.Edge{}
	for at, f := range t.views {
		if at.vantage == best {
			byRoute[at.route] = f.edge(p, at, o)
		}
	}
	rest := cmp.Or(single(byRoute), byRoute[unmatched])
	for _, at := range t.sortedViews() {
		e := byRoute[at.route]
		if e == nil && rest == nil {
			rest = t.remainder(p, best, byRoute, o)
			byRoute[unmatched] = rest
		}
		t.views[at].report(cmp.Or(e, rest), at.vantage)
	}
	return lines(p, best, byRoute, t.views)
}

// remainder makes the edge for rows on routes that no edge has. It holds no
// requests, since the canonical vantage counts none there, and is named after
// the best vantage among those rows.
func (t *tally) remainder(p pair, best record.Vantage, byRoute map[string]*graphv1.Edge, o options) *graphv1.Edge {
	seen, protocols := map[record.Vantage]bool{}, map[string]uint64{}
	for at, f := range t.views {
		if byRoute[at.route] != nil || at.vantage == best {
			continue
		}
		seen[at.vantage] = true
		for protocol, n := range f.protocols {
			protocols[protocol] += n
		}
	}
	e := newFigures().edge(p, view{unmatched, canonical(seen)}, o)
	e.Protocol = mostOf(protocols)
	return e
}

func single(edges map[string]*graphv1.Edge) *graphv1.Edge {
	if len(edges) != 1 {
		return nil
	}
	for _, e := range edges {
		return e
	}
	return nil
}

func (t *tally) sortedViews() []view {
	return slices.SortedFunc(maps.Keys(t.views), func(a, b view) int {
		if a.vantage != b.vantage {
			return int(a.vantage) - int(b.vantage)
		}
		return cmp.Compare(a.route, b.route)
	})
}

// edge fills in all that the canonical vantage says by itself.
func (f *figures) edge(p pair, at view, o options) *graphv1.Edge {
	e := &graphv1.Edge{
		Src: p.Src, Dst: p.Dst, Route: at.route,
		Protocol: mostOf(f.protocols),
		Vantage:  at.vantage.String(),
		Unit:     unit(at.vantage),
		Requests: f.requests,
		Attempts: f.attempts,
		Failures: f.failures,
		Outcomes: f.outcomes,
		Timeouts: f.outcomes[record.OutcomeTimeout.String()],

		RequestBytes: f.requestBytes, ResponseBytes: f.responseBytes,
		Completeness: o.completeness.of(p, at.vantage),
	}
	if f.requests > 0 {
		e.FirstSeen, e.LastSeen = timestamppb.New(time.UnixMicro(f.first)), timestamppb.New(time.UnixMicro(f.last))
	}
	if at.vantage == record.VantageServer {
		e.Attempts = f.requests // each row is one try of some caller
	}
	return e
}

// report adds to the edge what one vantage says of it: its source entry, and
// the arrivals where the vantage is the server's.
func (f *figures) report(e *graphv1.Edge, v record.Vantage) {
	if v == record.VantageServer {
		e.Arrivals += f.requests
	}
	last := len(e.Sources) - 1
	if last < 0 || e.Sources[last].Vantage != v.String() {
		e.Sources = append(e.Sources, &graphv1.EdgeSource{Source: sourceALS, Vantage: v.String(), Unit: unit(v)})
		last++
	}
	e.Sources[last].Requests += f.requests
	e.Sources[last].Failures += f.failures
}

// sourceALS is the kind of telemetry behind every row so far: Envoy's access
// log service.
const sourceALS = "als"

// ratio returns a ÷ b, nil when b is zero: undefined, not zero.
func ratio(a, b uint64) *float64 {
	if b == 0 {
		return nil
	}
	r := float64(a) / float64(b)
	return &r
}

// mostOf returns the key with the greatest count, the first in order among
// equals; "" for an empty map.
func mostOf(counts map[string]uint64) string {
	best := ""
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		if counts[key] > counts[best] {
			best = key
		}
	}
	return best
}
