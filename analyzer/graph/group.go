package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Groupings: what a node stands for.
const (
	byWorkload  = "workload"
	byService   = "service"
	byVersion   = "version"
	byNamespace = "namespace"
	byCluster   = "cluster"
	byMesh      = "mesh"
)

func checkGrouping(by string) error {
	switch by {
	case "", byWorkload, byService, byVersion, byNamespace, byCluster, byMesh:
		return nil
	}
	return fmt.Errorf("group_by %q is none of workload, service, version, namespace, cluster, mesh", by)
}

// groupID names the group of a node. Nodes outside of every mesh (external
// hosts, unknown callers) stay themselves.
func groupID(n *graphv1.Node, by string) string {
	if n.Mesh == "" {
		return n.Id
	}
	switch by {
	case byMesh:
		return record.WorkloadID(n.Mesh, "*", "*", "*")
	case byCluster:
		return record.WorkloadID(n.Mesh, n.Cluster, "*", "*")
	case byNamespace:
		return record.WorkloadID(n.Mesh, n.Cluster, n.Namespace, "*")
	case byService, byVersion:
		if n.Service == "" {
			return n.Id
		}
		id := record.ServiceID(n.Mesh, n.Cluster, n.Namespace, n.Service)
		if by == byVersion && n.Version != "" {
			id += "@" + n.Version
		}
		return id
	}
	return n.Id
}

// group joins lines whose ends fall into the same groups. Each line was seen
// from its own canonical vantage, so joining adds up different traffic and
// counts nothing twice. A workload belongs to the service and the version that
// most of its requests name.
func group(ends []*graphv1.Node, all []*line, by string) ([]*graphv1.Node, []*line) {
	if by == "" || by == byWorkload {
		return ends, all
	}
	ids := map[string]string{}
	groups := map[string]*graphv1.Node{}
	for _, n := range ends {
		id := groupID(n, by)
		ids[n.Id] = id
		groups[id] = joinNodes(groups[id], n, id)
	}
	joined := map[member]*line{}
	for _, l := range all {
		l.edge.Src, l.edge.Dst = ids[l.edge.Src], ids[l.edge.Dst]
		at := member{pair{l.edge.Src, l.edge.Dst}, view{route: l.edge.Route}}
		if first := joined[at]; first != nil {
			first.join(l)
		} else {
			joined[at] = l
		}
	}
	nodes := make([]*graphv1.Node, 0, len(groups))
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		nodes = append(nodes, groups[id])
	}
	return nodes, slices.SortedFunc(maps.Values(joined), compareLines)
}

// joinNodes adds a node to its group: a gateway makes a group of services a
// gateway, and the group is dead when all of it is.
func joinNodes(g, n *graphv1.Node, id string) *graphv1.Node {
	if id == n.Id && g == nil {
		return n
	}
	if g == nil {
		g = parseNode(id)
		g.State = n.State
	}
	if g.Kind == kindService && n.Kind == kindGateway {
		g.Kind = kindGateway
	}
	if g.State != n.State {
		g.State = ""
	}
	return g
}

// mixed stands for several vantages or units.
const mixed = "mixed"

// join adds the counts of another line, and all its sources.
func (l *line) join(o *line) {
	a, b := l.edge, o.edge
	if b.Requests > 0 && a.Requests == 0 {
		a.Vantage, a.Unit = b.Vantage, b.Unit
	} else if b.Requests > 0 && a.Vantage != b.Vantage {
		a.Vantage, a.Unit = mixed, oneOf(a.Unit, b.Unit)
	}
	if b.Requests > a.Requests || b.Requests == a.Requests && b.Protocol < a.Protocol {
		a.Protocol = b.Protocol
	}
	a.Completeness = least(a.Completeness, b.Completeness, a.Requests, b.Requests)
	if b.FirstSeen != nil && (a.FirstSeen == nil || b.FirstSeen.AsTime().Before(a.FirstSeen.AsTime())) {
		a.FirstSeen = b.FirstSeen
	}
	if b.LastSeen != nil && (a.LastSeen == nil || b.LastSeen.AsTime().After(a.LastSeen.AsTime())) {
		a.LastSeen = b.LastSeen
	}
	a.Requests += b.Requests
	a.Arrivals += b.Arrivals
	a.Attempts += b.Attempts
	a.Failures += b.Failures
	a.Timeouts += b.Timeouts
	a.RequestBytes += b.RequestBytes
	a.ResponseBytes += b.ResponseBytes
	for outcome, n := range b.Outcomes {
		a.Outcomes[outcome] += n
	}
	a.Sources = joinSources(a.Sources, b.Sources)
	l.mtlsKnown += o.mtlsKnown
	l.mtlsMutual += o.mtlsMutual
	l.members = append(l.members, o.members...)
	l.hist.add(o.hist)
}

func oneOf(a, b string) string {
	if a == b {
		return a
	}
	return mixed
}

// least is the completeness of two lines together: that of the worse one,
// unknown where that of one with requests is.
func least(a, b *float64, requestsOfA, requestsOfB uint64) *float64 {
	switch {
	case requestsOfB == 0:
		return a
	case requestsOfA == 0:
		return b
	case a == nil || b == nil:
		return nil
	case *b < *a:
		return b
	}
	return a
}

func joinSources(a, b []*graphv1.EdgeSource) []*graphv1.EdgeSource {
	for _, s := range b {
		at := slices.IndexFunc(a, func(o *graphv1.EdgeSource) bool { return o.Source == s.Source && o.Vantage == s.Vantage })
		if at < 0 {
			a = append(a, s)
			continue
		}
		a[at].Requests += s.Requests
		a[at].Failures += s.Failures
	}
	slices.SortFunc(a, func(x, y *graphv1.EdgeSource) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source),
			cmp.Compare(numberOf(record.VantageNames(), x.Vantage), numberOf(record.VantageNames(), y.Vantage)))
	})
	return a
}
