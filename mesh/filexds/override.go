package filexds

import (
	"slices"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// edge is what an override is set for: the calls of a service to another in
// its namespace, on one route or on all ("").
type edge struct {
	namespace, src, dst, route string
}

func (e edge) concerns(w *model.Workload, s *model.Service) bool {
	return w.Namespace == e.namespace && w.Service == e.src && s.Namespace == e.namespace && s.Name == e.dst
}

// override is what was set for an edge.
type override struct {
	edge
	model.Override
}

// overrides are sorted so that those of a single route come after those of all
// routes, and so win. They are never changed in place.
type overrides []override

func (os overrides) find(e edge) (model.Override, bool) {
	for _, o := range os {
		if o.edge == e {
			return o.Override, true
		}
	}
	return model.Override{}, false
}

// maxRequests returns the total that was set for the edge last in the list, on
// whichever route: the limit has none.
func (os overrides) maxRequests(e edge) *uint32 {
	var total *uint32
	for _, o := range os {
		if o.namespace == e.namespace && o.src == e.src && o.dst == e.dst && o.MaxRequests != nil {
			total = o.MaxRequests
		}
	}
	return total
}

// with returns the list with the edge's override replaced.
func (os overrides) with(e edge, o model.Override) overrides {
	out := append(os.without(e), override{e, o})
	slices.SortFunc(out, func(a, b override) int {
		return strings.Compare(a.key(), b.key())
	})
	return out
}

// without returns the list without the edge's override.
func (os overrides) without(e edge) overrides {
	return slices.DeleteFunc(slices.Clone(os), func(o override) bool { return o.edge == e })
}

func (e edge) key() string { return e.namespace + "/" + e.src + "/" + e.dst + "/" + e.route }
