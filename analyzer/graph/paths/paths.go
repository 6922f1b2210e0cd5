package paths

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Edge is one edge of the graph: logical requests, their tries, the failed ones.
type Edge struct {
	Src, Dst                     string
	Requests, Attempts, Failures uint64
	// Timeout is how long the caller waits for a call as a whole; zero: not
	// known.
	Timeout time.Duration
}

// network is edges by caller, each (src, dst) once, in order.
type network struct {
	out   map[string][]Edge
	in    map[string][]Edge
	nodes []string
}

// newNetwork adds up edges of one (src, dst). Of several timeouts the greatest
// holds, since a call may take that long; one that is not known makes it
// unknown.
func newNetwork(edges []Edge) network {
	sums := map[[2]string]Edge{}
	names := map[string]bool{}
	for _, e := range edges {
		if e.Requests == 0 {
			continue
		}
		at := [2]string{e.Src, e.Dst}
		sum, seen := sums[at]
		if !seen {
			sum = Edge{Src: e.Src, Dst: e.Dst, Timeout: e.Timeout}
		}
		sum.Requests += e.Requests
		sum.Attempts += e.Attempts
		sum.Failures += e.Failures
		if sum.Timeout = max(sum.Timeout, e.Timeout); e.Timeout == 0 || seen && sums[at].Timeout == 0 {
			sum.Timeout = 0
		}
		sums[at] = sum
		names[e.Src], names[e.Dst] = true, true
	}
	n := network{out: map[string][]Edge{}, in: map[string][]Edge{}, nodes: slices.Sorted(maps.Keys(names))}
	for _, e := range slices.SortedFunc(maps.Values(sums), func(a, b Edge) int {
		return cmp.Or(strings.Compare(a.Src, b.Src), strings.Compare(a.Dst, b.Dst))
	}) {
		n.out[e.Src] = append(n.out[e.Src], e)
		n.in[e.Dst] = append(n.in[e.Dst], e)
	}
	return n
}

// Inversion is a callee that may work on for longer than its caller waits: the
// rest of its work is for nobody.
type Inversion struct {
	Src, Via, Dst string
	Outer, Inner  time.Duration // what src waits for via, and via for dst
	Unknown       bool          // one of the two limits is not known, so nothing is claimed
}

// Inversions lists the pairs of successive edges whose inner limit is longer
// than the outer one, and those of which one limit is not known.
func Inversions(edges []Edge) []Inversion {
	n := newNetwork(edges)
	var out []Inversion
	for _, src := range n.nodes {
		for _, outer := range n.out[src] {
			for _, inner := range n.out[outer.Dst] {
				i := Inversion{Src: src, Via: outer.Dst, Dst: inner.Dst, Outer: outer.Timeout, Inner: inner.Timeout}
				i.Unknown = i.Outer == 0 || i.Inner == 0
				if i.Unknown || i.Inner > i.Outer {
					out = append(out, i)
				}
			}
		}
	}
	return out
}

// Cycles lists the sets of services that reach each other (strongly connected
// components, Tarjan 1972), and those that call themselves.
func Cycles(edges []Edge) [][]string {
	t := tarjan{network: newNetwork(edges), index: map[string]int{}, low: map[string]int{}, on: map[string]bool{}}
	for _, v := range t.nodes {
		if t.index[v] == 0 {
			t.visit(v)
		}
	}
	slices.SortFunc(t.found, slices.Compare)
	return t.found
}

type tarjan struct {
	network
	index, low map[string]int // from 1 on
	on         map[string]bool
	stack      []string
	found      [][]string
}

func (t *tarjan) visit(v string) {
	t.index[v] = len(t.index) + 1
	t.low[v] = t.index[v]
	t.stack = append(t.stack, v)
	t.on[v] = true
	self := false
	for _, e := range t.out[v] {
		self = self || e.Dst == v
		if t.index[e.Dst] == 0 {
			t.visit(e.Dst)
			t.low[v] = min(t.low[v], t.low[e.Dst])
		} else if t.on[e.Dst] {
			t.low[v] = min(t.low[v], t.index[e.Dst])
		}
	}
	if t.low[v] != t.index[v] {
		return
	}
	at := slices.Index(t.stack, v)
	set := slices.Clone(t.stack[at:])
	t.stack = t.stack[:at]
	for _, w := range set {
		t.on[w] = false
	}
	if len(set) > 1 || self {
		slices.Sort(set)
		t.found = append(t.found, set)
	}
}
