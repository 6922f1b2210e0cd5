package rows

import (
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// unnamed stands for a part of an identity that its proxy does not tell.
const unnamed = "default"

// Reporter is the proxy that a stream speaks for. Its strings are owned.
type Reporter struct {
	Proxy     string // node.id
	LogName   string
	Peer      record.Peer // the workload beside the proxy
	Mesh      string
	Cluster   string
	Namespace string
	Gateway   bool
}

// NewReporter derives the reporter from a stream's identifier. The metadata
// decides; where it says nothing, Envoy's node.id
// "<kind>~<ip>~<workload>.<namespace>~<mesh>" and node.cluster
// "<service>.<namespace>" do.
func NewReporter(n *wire.Node) *Reporter {
	kind, workload, namespace, mesh := splitNodeID(n.ID)
	service, serviceNamespace := splitHost(n.Cluster)
	m := &n.Meta
	r := &Reporter{
		Proxy:     strings.Clone(n.ID),
		LogName:   strings.Clone(n.LogName),
		Mesh:      owned(m.MeshID, mesh, unnamed),
		Cluster:   owned(m.ClusterID, unnamed),
		Namespace: owned(m.Namespace, namespace, serviceNamespace, unnamed),
		Gateway:   first(m.ProxyKind, kind) == "gateway" || kind == "router",
	}
	r.Peer = record.Peer{
		ID:      record.UnknownID(r.Namespace),
		Service: owned(m.Service, m.LabelService, service),
		Version: owned(m.Version, m.LabelRevision),
	}
	if workload = first(m.Workload, m.WorkloadName, workload, service); workload != "" {
		r.Peer.ID = record.WorkloadID(r.Mesh, r.Cluster, r.Namespace, workload)
		r.Peer.Source = record.IDReporter
	}
	return r
}

// splitNodeID reads "<kind>~<ip>~<workload>.<namespace>~<mesh>"; other forms
// yield nothing.
func splitNodeID(id string) (kind, workload, namespace, mesh string) {
	parts := strings.Split(id, "~")
	if len(parts) != 4 {
		return "", "", "", ""
	}
	workload, namespace = splitHost(parts[2])
	return parts[0], workload, namespace, parts[3]
}

// splitHost reads "<name>.<namespace>" and "<name>.<namespace>.svc.<domain>".
func splitHost(host string) (name, namespace string) {
	name, rest, _ := strings.Cut(host, ".")
	namespace, _, _ = strings.Cut(rest, ".")
	return name, namespace
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// owned is first, cloned.
func owned(texts ...string) string { return strings.Clone(first(texts...)) }
