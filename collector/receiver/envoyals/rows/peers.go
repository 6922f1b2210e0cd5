package rows

import (
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// callee names the server of an outbound row: the workload of the host that was
// chosen, else the service that the route or the cluster names.
func (s *Stream) callee(k *edgeKey) record.Peer {
	r := s.reporter
	service, namespace := clusterTarget(k.cluster)
	source := record.IDClusterName
	if k.dstService != "" {
		service, source = k.dstService, record.IDRegistry
	}
	o := objectOf(&k.object)
	peer := record.Peer{
		Service:   first(service, o.Service),
		Version:   first(k.dstVersion, o.Version),
		Principal: k.dstPrincipal,
	}
	switch {
	case k.dstWorkload != "":
		namespace = first(k.dstNamespace, namespace, r.Namespace)
		peer.ID, peer.Source = record.WorkloadID(r.Mesh, r.Cluster, namespace, k.dstWorkload), record.IDEndpointMetadata
	case o.Workload != "":
		peer.ID, peer.Source = s.objectID(o, first(k.dstNamespace, namespace)), record.IDPeerMetadata
	case service != "":
		namespace = first(k.dstNamespace, namespace, r.Namespace)
		peer.ID, peer.Source = record.ServiceID(r.Mesh, r.Cluster, namespace, service), source
	default:
		peer.ID = record.UnknownID(first(k.dstNamespace, namespace, r.Namespace))
	}
	return peer
}

// objectOf returns a peer object whose names are safe within a node id, an empty
// one where they are not.
func objectOf(p *wire.Peer) wire.Peer {
	for _, name := range [...]string{p.Mesh, p.Cluster, p.Namespace, p.Workload, p.Service, p.Version} {
		if !plainName(name) {
			return wire.Peer{}
		}
	}
	return *p
}

// objectID is the node id of the workload of a peer object. Where it does not
// say its namespace, another source may, and where nothing does the reporter's
// stands for it, as its mesh and cluster do.
func (s *Stream) objectID(o wire.Peer, namespace string) string {
	r := s.reporter
	return record.WorkloadID(first(o.Mesh, r.Mesh), first(o.Cluster, r.Cluster), first(o.Namespace, namespace, r.Namespace), o.Workload)
}

// clusterTarget reads service and namespace from a cluster name
// "outbound|<port>|<subset>|<service>.<namespace>"; other names yield nothing.
func clusterTarget(cluster string) (service, namespace string) {
	rest, ok := strings.CutPrefix(cluster, "outbound|")
	if !ok || strings.Count(rest, "|") != 2 {
		return "", ""
	}
	return splitHost(rest[strings.LastIndexByte(rest, '|')+1:])
}

// caller names the client of an inbound row, and the route by which it called,
// "" if it does not say: what its proxy tells in a header, else what Istio's
// metadata exchange found, unless the principal of its certificate belongs to
// another namespace.
func (s *Stream) caller(k *edgeKey) (peer record.Peer, route string) {
	r := s.reporter
	namespace, proven := principalNamespace(k.srcPrincipal)
	h, ok := parsePeerHeader(k.header)
	o := objectOf(&k.object)
	switch {
	case ok && (!proven || namespace == h.namespace):
		return record.Peer{
			ID:        record.WorkloadID(h.mesh, h.cluster, h.namespace, h.workload),
			Service:   h.service,
			Version:   h.version,
			Principal: k.srcPrincipal,
			Source:    record.IDPeerMetadata,
		}, h.route
	case o.Workload != "" && (!proven || o.Namespace == "" || namespace == o.Namespace):
		return record.Peer{
			ID:        s.objectID(o, namespace),
			Service:   o.Service,
			Version:   o.Version,
			Principal: k.srcPrincipal,
			Source:    record.IDPeerMetadata,
		}, ""
	case proven:
		return record.Peer{ID: record.UnknownID(namespace), Principal: k.srcPrincipal, Source: record.IDMTLS}, ""
	}
	return record.Peer{ID: record.UnknownID(r.Namespace), Principal: k.srcPrincipal}, ""
}

// principalNamespace reads the namespace of a principal of the form
// "spiffe://<trust domain>/ns/<namespace>/sa/<account>", as Istio and the own
// CA issue them.
func principalNamespace(uri string) (namespace string, ok bool) {
	rest, ok := strings.CutPrefix(uri, "spiffe://")
	if !ok {
		return "", false
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 5 || parts[1] != "ns" || parts[2] == "" || parts[3] != "sa" {
		return "", false
	}
	return parts[2], true
}
