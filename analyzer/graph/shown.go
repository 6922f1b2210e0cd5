package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

// Ranks of limit.
const (
	rankRequests = "requests"
	rankFailures = "failures"
)

// maxDepth bounds the hops from a service.
const maxDepth = 64

// checkShown refuses options that contradict each other or mean nothing.
func checkShown(req *graphv1.GetGraphRequest) error {
	if err := checkGrouping(req.GetGroupBy()); err != nil {
		return err
	}
	switch by := req.GetRankBy(); by {
	case "", rankRequests, rankFailures:
	default:
		return fmt.Errorf("rank_by %q is neither requests nor failures", by)
	}
	if req.GetDepth() > 0 && req.GetService() == "" {
		return errors.New("depth needs a service to start from")
	}
	if req.GetDepth() > maxDepth {
		return fmt.Errorf("depth %d is more than %d", req.GetDepth(), maxDepth)
	}
	if req.GetCountsOnly() && (req.GetWithBins() || len(req.GetWithinUs()) > 0) {
		return errors.New("counts_only leaves out what with_bins and within_us ask for")
	}
	return checkThresholds(req.GetWithinUs())
}

// shown keeps what a request asks to see: the neighbourhood of its service,
// failing edges, the busiest. It returns how many the limit left out.
func shown(ends []*graphv1.Node, all []*line, req *graphv1.GetGraphRequest) ([]*graphv1.Node, []*line, int) {
	if req.GetDepth() > 1 {
		all = near(ends, all, req.GetService(), int(req.GetDepth()))
	}
	if req.GetErrorsOnly() {
		all = slices.DeleteFunc(all, func(l *line) bool { return l.edge.Failures == 0 })
	}
	left := 0
	if n := int(req.GetLimit()); n > 0 && n < len(all) {
		rank(all, req.GetRankBy())
		left = len(all) - n
		all = all[:n]
		slices.SortFunc(all, compareLines)
	}
	return touched(ends, all), all, left
}

// rank sorts lines by requests or failures, most first, and equal ones by name,
// so that the same rows always give the same order.
func rank(all []*line, by string) {
	slices.SortFunc(all, func(a, b *line) int {
		x, y := a.edge.Requests, b.edge.Requests
		if by == rankFailures {
			x, y = a.edge.Failures, b.edge.Failures
		}
		return cmp.Or(cmp.Compare(y, x), compareLines(a, b))
	})
}

// near keeps lines of which both ends are within so many hops of a service, in
// either direction.
func near(ends []*graphv1.Node, all []*line, service string, depth int) []*line {
	hops := map[string]int{}
	var frontier []string
	for _, n := range ends {
		if n.Service == service {
			hops[n.Id] = 0
			frontier = append(frontier, n.Id)
		}
	}
	neighbours := map[string][]string{}
	for _, l := range all {
		neighbours[l.edge.Src] = append(neighbours[l.edge.Src], l.edge.Dst)
		neighbours[l.edge.Dst] = append(neighbours[l.edge.Dst], l.edge.Src)
	}
	for at := 1; at <= depth && len(frontier) > 0; at++ {
		var next []string
		for _, id := range frontier {
			for _, other := range neighbours[id] {
				if _, seen := hops[other]; !seen {
					hops[other] = at
					next = append(next, other)
				}
			}
		}
		frontier = next
	}
	return slices.DeleteFunc(all, func(l *line) bool {
		src, ok := hops[l.edge.Src]
		dst, also := hops[l.edge.Dst]
		return !ok || !also || min(src, dst) >= depth
	})
}

// touched keeps the nodes that lines have as an end.
func touched(ends []*graphv1.Node, all []*line) []*graphv1.Node {
	ids := map[string]bool{}
	for _, l := range all {
		ids[l.edge.Src], ids[l.edge.Dst] = true, true
	}
	return slices.DeleteFunc(slices.Clone(ends), func(n *graphv1.Node) bool { return !ids[n.Id] })
}

// pairsOf lists the pairs whose rows the lines come from, nil if there are more
// than a statement should name: then all are read.
func pairsOf(all []*line) []pair {
	const most = 1000
	seen := map[pair]bool{}
	out := []pair{}
	for _, l := range all {
		for _, m := range l.members {
			if !seen[m.pair] {
				seen[m.pair] = true
				out = append(out, m.pair)
			}
		}
	}
	if len(out) > most {
		return nil
	}
	return out
}
