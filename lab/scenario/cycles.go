package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// operation is a node of the call graph: what some version of a service does
// for a method and path.
type operation struct{ service, method, path string }

func (o operation) String() string { return o.service + " " + o.method + " " + o.path }

// callSite is an edge of the call graph and where the document has it.
type callSite struct {
	to operation
	at string
}

// cycles refuses calls that come back to where they started: each request
// would call without bound.
func (c *checker) cycles() {
	w := walker{c: c, graph: c.s.callGraph(), state: map[operation]int{}}
	for i := range c.s.Services {
		s := &c.s.Services[i]
		for _, e := range s.Endpoints {
			w.visit(operation{s.Name, e.Method, e.Path})
		}
	}
}

// callGraph joins the calls of all versions: which version a request meets is
// up to the mesh.
func (s *Scenario) callGraph() map[operation][]callSite {
	graph := map[operation][]callSite{}
	for i := range s.Services {
		for j, e := range s.Services[i].Endpoints {
			from := operation{s.Services[i].Name, e.Method, e.Path}
			for k, call := range e.Calls {
				graph[from] = append(graph[from], callSite{
					to: operation{call.Service, call.Method, call.Path},
					at: fmt.Sprintf("services[%d].endpoints[%d].calls[%d]", i, j, k),
				})
			}
		}
	}
	return graph
}

const (
	onStack = 1
	done    = 2
)

// walker searches depth first; an edge to an operation on the stack closes a
// cycle, which is reported once, at that edge.
type walker struct {
	c     *checker
	graph map[operation][]callSite
	state map[operation]int
	stack []operation
}

func (w *walker) visit(o operation) {
	if w.state[o] == done {
		return
	}
	w.state[o] = onStack
	w.stack = append(w.stack, o)
	for _, site := range w.graph[o] {
		if w.state[site.to] == onStack {
			w.c.add(site.at, "closes a call cycle without bound: %s; remove one of these calls", w.ring(site.to))
			continue
		}
		w.visit(site.to)
	}
	w.stack = w.stack[:len(w.stack)-1]
	w.state[o] = done
}

func (w *walker) ring(from operation) string {
	var names []string
	for _, o := range w.stack[slices.Index(w.stack, from):] {
		names = append(names, o.String())
	}
	return strings.Join(append(names, from.String()), " → ")
}
