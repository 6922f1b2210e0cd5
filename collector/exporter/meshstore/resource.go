package meshstore

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// part is a part of an identity that a resource can tell.
type part uint8

const (
	meshPart part = iota
	clusterPart
	namespacePart
	workloadPart
	servicePart
	versionPart
	kindPart        // sidecar or gateway
	nodePart        // Envoy's node.id
	nodeServicePart // Envoy's node.cluster
	logPart         // log_name of an access logger
	partCount
)

// sources are the resource attributes that tell a part, best first: ours, those
// of OpenTelemetry's semantic conventions, Kuma's, and the names that Envoy's
// node metadata and the built-in labels of its access logger have.
var sources = [partCount][]string{
	meshPart:        {"mesh.id", "MESH_ID", "kuma.mesh"},
	clusterPart:     {"k8s.cluster.name", "CLUSTER_ID", "kuma.zone"},
	namespacePart:   {"k8s.namespace.name", "NAMESPACE", "service.namespace"},
	workloadPart:    {"mesh.workload", "WORKLOAD", "k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name", "k8s.cronjob.name", "k8s.job.name", "k8s.replicaset.name", "kuma.workload"},
	servicePart:     {"service.name", "SERVICE"},
	versionPart:     {"service.version", "VERSION"},
	kindPart:        {"mesh.proxy_kind", "PROXY_KIND"},
	nodePart:        {"node_name", "envoy.node.id", "service.instance.id"},
	nodeServicePart: {"cluster_name"},
	logPart:         {"log_name"},
}

// source is where an attribute stands among the sources of a part.
type source struct {
	part part
	rank int
}

var sourceOf = func() map[string]source {
	m := make(map[string]source)
	for p, keys := range sources {
		for rank, key := range keys {
			m[key] = source{part(p), rank}
		}
	}
	return m
}()

// names are the parts of an identity, "" where the resource does not tell. They
// are comparable, and borrowed.
type names [partCount]string

// namesOf reads the names that a resource tells.
func namesOf(resource pcommon.Map) (n names) {
	var ranks [partCount]int
	for key, value := range resource.All() {
		s, ok := sourceOf[key]
		if !ok || value.Type() != pcommon.ValueTypeStr || value.Str() == "" {
			continue
		}
		if n[s.part] == "" || s.rank < ranks[s.part] {
			n[s.part], ranks[s.part] = value.Str(), s.rank
		}
	}
	if strings.HasPrefix(n[servicePart], "unknown_service") { // an SDK's or a proxy's default
		n[servicePart] = ""
	}
	return n
}

// clone returns names that are owned.
func (n names) clone() names {
	for p := range n {
		n[p] = strings.Clone(n[p])
	}
	return n
}

// unnamed stands for a part of a node id that nobody tells.
const unnamed = "default"

// sender is who sent a record: what Node, Service, Version and Proxy of a row
// say.
type sender struct {
	node, service, version, proxy string
}

// application returns the sender of a resource that is no proxy.
func (n *names) application() sender {
	mesh, cluster, namespace := plain(n[meshPart]), plain(n[clusterPart]), plain(n[namespacePart])
	s := sender{service: n[servicePart], version: n[versionPart]}
	workload := plain(first(n[workloadPart], n[servicePart]))
	if workload == "" {
		s.node = record.UnknownID(first(namespace, unnamed))
		return s
	}
	s.node = record.WorkloadID(first(mesh, unnamed), first(cluster, unnamed), first(namespace, unnamed), workload)
	return s
}

// proxy returns the sender of an Envoy, whose own names fill in for what the
// resource does not tell, as they do for its access logs.
func (n *names) proxy() sender {
	r := n.reporter()
	return sender{node: r.Peer.ID, service: r.Peer.Service, version: r.Peer.Version, proxy: r.Proxy}
}

// reporter returns the same as access logs know it.
func (n *names) reporter() *rows.Reporter {
	node := wire.Node{
		ID:      n[nodePart],
		Cluster: first(n[nodeServicePart], n[servicePart]),
		LogName: n[logPart],
		Meta: wire.Metadata{
			MeshID: plain(n[meshPart]), ClusterID: plain(n[clusterPart]), Namespace: plain(n[namespacePart]),
			Workload: plain(n[workloadPart]), Version: n[versionPart], ProxyKind: n[kindPart],
		},
	}
	if n[nodeServicePart] != "" { // else the service's name may be "reviews.shop", which only the cluster's place splits
		node.Meta.Service = n[servicePart]
	}
	return rows.NewReporter(&node)
}

// plain makes a name safe within a node id, where a slash separates and a tilde
// in front marks what is no workload.
func plain(name string) string {
	name = strings.TrimLeft(name, "~")
	if strings.IndexByte(name, '/') < 0 {
		return name
	}
	return strings.ReplaceAll(name, "/", "_")
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
