package paths

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Dependent is a service that reaches another, and for which part of its work.
type Dependent struct {
	Node string
	// Share is how many calls of the target one request that arrives at the node
	// causes, at most 1. Where the node's own arrivals are not seen (an entry of
	// the mesh) they are taken as its busiest outgoing edge.
	Share float64
	Hops  int // on the shortest way
}

// BlastRadius tells who depends on a target, greatest share first. Cycles are
// cut: no service counts twice on one way, and ways of more than maxHops edges
// are left out.
func BlastRadius(edges []Edge, target string, maxHops int) []Dependent {
	n := newNetwork(edges)
	share := map[string]float64{target: 1}
	hops := map[string]int{target: 0}
	frontier := []string{target}
	for hop := 1; hop <= maxHops && len(frontier) > 0; hop++ {
		next := map[string]float64{}
		for _, via := range frontier {
			for _, e := range n.in[via] {
				if _, seen := hops[e.Src]; !seen {
					next[e.Src] += share[via] * float64(e.Requests) / float64(n.arrivals(e.Src))
				}
			}
		}
		frontier = slices.Sorted(maps.Keys(next))
		for _, src := range frontier {
			share[src], hops[src] = min(1, next[src]), hop
		}
	}
	delete(share, target)
	var out []Dependent
	for node, s := range share {
		out = append(out, Dependent{Node: node, Share: s, Hops: hops[node]})
	}
	slices.SortFunc(out, func(a, b Dependent) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), strings.Compare(a.Node, b.Node))
	})
	return out
}

// arrivals counts the requests that a node got; for an entry, which nobody is
// seen to call, those of its busiest edge.
func (n network) arrivals(node string) (total uint64) {
	for _, e := range n.in[node] {
		total += e.Requests
	}
	if total > 0 {
		return total
	}
	for _, e := range n.out[node] {
		total = max(total, e.Requests)
	}
	return total
}

// Culprit is an edge that failed below a service.
type Culprit struct {
	Src, Dst string
	Failures uint64  // of the edge itself
	Share    float64 // of the errors that the service shows, as far as edges explain them
}

// Blame tells which edges caused the errors that a service answers with. The
// failures that arrive at a service are laid on its own failed calls, as far as
// they go around, in proportion to their number, and so on downwards; what its
// calls do not explain is its own, the culprit with Dst = the service. A circle
// is not walked twice.
func Blame(edges []Edge, node string) []Culprit {
	n := newNetwork(edges)
	blamed := map[[2]string]float64{}
	n.blame(node, "", 1, map[string]bool{}, blamed)
	failures := map[[2]string]uint64{}
	for _, out := range n.out {
		for _, e := range out {
			failures[[2]string{e.Src, e.Dst}] = e.Failures
		}
	}
	var list []Culprit
	for at, share := range blamed {
		list = append(list, Culprit{Src: at[0], Dst: at[1], Failures: failures[at], Share: share})
	}
	slices.SortFunc(list, func(a, b Culprit) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), strings.Compare(a.Src, b.Src), strings.Compare(a.Dst, b.Dst))
	})
	return list
}

// blame lays a share of errors seen at a node, as called by a caller, on the
// edge itself or on those below it.
func (n network) blame(node, caller string, share float64, walked map[string]bool, blamed map[[2]string]float64) {
	walked[node] = true
	defer delete(walked, node)
	var shown, below uint64
	for _, e := range n.in[node] {
		shown += e.Failures
	}
	for _, e := range n.out[node] {
		if !walked[e.Dst] {
			below += e.Failures
		}
	}
	if len(n.in[node]) == 0 {
		shown = below // an entry: nobody is seen to be hurt but by these
	}
	passed := share
	if below < shown {
		passed = share * float64(below) / float64(shown)
	}
	if own := share - passed; own > 0 || below == 0 && caller != "" {
		blamed[[2]string{caller, node}] += own
	}
	if below == 0 {
		return
	}
	for _, e := range n.out[node] {
		if e.Failures > 0 && !walked[e.Dst] {
			n.blame(e.Dst, node, passed*float64(e.Failures)/float64(below), walked, blamed)
		}
	}
}
