package graph

import (
	"maps"
	"slices"
	"strings"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Kinds of a node.
const (
	kindService  = "service"
	kindGateway  = "gateway"
	kindExternal = "external"
	kindUnknown  = "unknown"
)

// nodes lists the ends of all edges, sorted by id. Service and version are the
// ones that most requests name; a node that answers as a gateway is one.
func nodes(counts []countRow) []*graphv1.Node {
	names := map[string]*labels{}
	for i := range counts {
		r := &counts[i]
		if r.Requests == 0 {
			continue
		}
		labelsOf(names, r.Src).count(r.SrcService, r.SrcVersion, r.Requests)
		dst := labelsOf(names, r.Dst)
		dst.count(r.DstService, r.DstVersion, r.Requests)
		dst.gateway = dst.gateway || r.Vantage == record.VantageGateway
	}
	var out []*graphv1.Node
	for _, id := range slices.Sorted(maps.Keys(names)) {
		out = append(out, names[id].node(id))
	}
	return out
}

// labels counts what rows call a node.
type labels struct {
	services, versions map[string]uint64
	gateway            bool
}

func labelsOf(names map[string]*labels, id string) *labels {
	if names[id] == nil {
		names[id] = &labels{services: map[string]uint64{}, versions: map[string]uint64{}}
	}
	return names[id]
}

func (l *labels) count(service, version string, n uint64) {
	if service != "" {
		l.services[service] += n
	}
	if version != "" {
		l.versions[version] += n
	}
}

func (l *labels) node(id string) *graphv1.Node {
	n := parseNode(id)
	if l.gateway && n.Kind == kindService {
		n.Kind = kindGateway
	}
	if service := mostOf(l.services); service != "" {
		n.Service = service
	}
	n.Version = mostOf(l.versions)
	return n
}

// parseNode reads what a node id says by itself: "mesh/cluster/namespace/workload",
// "mesh/cluster/namespace/~service" with or without "@version", a group such as
// "mesh/cluster/namespace/*", "external/<host>" or "unknown/<namespace>".
// An id of no known form is of kind unknown.
func parseNode(id string) *graphv1.Node {
	n := &graphv1.Node{Id: id, Kind: kindUnknown}
	if host, ok := strings.CutPrefix(id, "external/"); ok {
		n.Kind, n.Service = kindExternal, host
		return n
	}
	parts := strings.Split(id, "/")
	switch {
	case len(parts) == 2 && parts[0] == "unknown":
		n.Namespace = parts[1]
	case len(parts) == 4:
		n.Kind, n.Mesh, n.Cluster, n.Namespace = kindService, parts[0], parts[1], parts[2]
		if parts[3] == "*" {
			return groupNode(n)
		}
		if service, ok := strings.CutPrefix(parts[3], "~"); ok {
			n.Service, n.Version, _ = strings.Cut(service, "@")
		} else {
			n.Workload = parts[3]
		}
	}
	return n
}

// groupNode is a namespace, cluster or mesh: what of its id is no star.
func groupNode(n *graphv1.Node) *graphv1.Node {
	n.Kind = byNamespace
	if n.Namespace == "*" {
		n.Kind, n.Namespace = byCluster, ""
		if n.Cluster == "*" {
			n.Kind, n.Cluster = byMesh, ""
		}
	}
	return n
}

const stateDead = "dead"

// markDead marks nodes that were called in the window and that no call reached:
// each ended with no healthy host, no connection or no name.
func markDead(ends []*graphv1.Node, all []*line) {
	reached, called := map[string]bool{}, map[string]bool{}
	for _, l := range all {
		e := l.edge
		never := e.Outcomes[record.OutcomeNoHealthy.String()] + e.Outcomes[record.OutcomeConnectFail.String()] +
			e.Outcomes[record.OutcomeDNSFail.String()]
		called[e.Dst] = called[e.Dst] || e.Requests > 0
		reached[e.Dst] = reached[e.Dst] || e.Requests > never || e.Arrivals > 0
		reached[e.Src] = reached[e.Src] || e.Requests > 0 // it calls others
	}
	for _, n := range ends {
		if called[n.Id] && !reached[n.Id] {
			n.State = stateDead
		}
	}
}
