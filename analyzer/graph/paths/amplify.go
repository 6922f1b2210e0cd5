package paths

// Path is one way from an entry, with what its retries multiply to.
type Path struct {
	Nodes []string
	// Amplification is the product of attempts ÷ requests of its edges: how many
	// tries at the end one request at the start causes by retries alone.
	Amplification float64
	Requests      uint64 // of the last edge
}

// Amplifications walks all ways from a service without circles, at most maxPaths
// of them, and returns those that end where no call leaves, in order of their
// nodes; complete tells whether that were all.
func Amplifications(edges []Edge, from string, maxPaths int) (out []Path, complete bool) {
	n := newNetwork(edges)
	walked := map[string]bool{}
	complete = true
	var walk func(p Path)
	walk = func(p Path) {
		at := p.Nodes[len(p.Nodes)-1]
		walked[at] = true
		defer delete(walked, at)
		end := true
		for _, e := range n.out[at] {
			if walked[e.Dst] || !complete {
				continue
			}
			end = false
			nodes := append(append([]string(nil), p.Nodes...), e.Dst)
			walk(Path{nodes, p.Amplification * float64(e.Attempts) / float64(e.Requests), e.Requests})
		}
		if !end || len(p.Nodes) == 1 {
			return
		}
		if len(out) == maxPaths {
			complete = false
			return
		}
		out = append(out, p)
	}
	walk(Path{Nodes: []string{from}, Amplification: 1})
	return out, complete
}
