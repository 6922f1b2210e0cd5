package record

// IDSource tells how a peer's identity became known, strongest first.
type IDSource uint8

// The sources. The numbers are stored (Enum8) and never change.
const (
	IDNone             IDSource = 0
	IDMTLS             IDSource = 1
	IDRegistry         IDSource = 2
	IDPeerMetadata     IDSource = 3 // a header set by the peer's proxy
	IDEndpointMetadata IDSource = 4
	IDClusterName      IDSource = 5
	IDScrapeLabels     IDSource = 6
	IDDNS              IDSource = 7
	IDIP               IDSource = 8
	IDReporter         IDSource = 9 // the proxy that sent the row
)

var idSourceNames = [...]string{
	"none", "mtls", "registry", "peer_metadata", "endpoint_metadata", "cluster_name", "scrape_labels", "dns", "ip", "reporter",
}

// String returns the name used in tables and answers, such as "mtls".
func (s IDSource) String() string { return enumName(idSourceNames[:], uint8(s)) }

// IDSourceNames lists the names in the order of their numbers.
func IDSourceNames() []string { return append([]string(nil), idSourceNames[:]...) }

// Peer is one end of a call. Workload ids are WorkloadID(...), external ones
// "external/<host>", unknown ones "unknown/<namespace>"; where only the
// service is known (no host was ever chosen) the id is ServiceID(...).
type Peer struct {
	ID        string // node id, never empty
	Service   string // short service name, "" if unknown
	Version   string
	Principal string // SPIFFE URI, "" without mutual TLS
	Source    IDSource
}

// WorkloadID returns "mesh/cluster/namespace/workload".
func WorkloadID(mesh, cluster, namespace, workload string) string {
	return mesh + "/" + cluster + "/" + namespace + "/" + workload
}

// ServiceID returns "mesh/cluster/namespace/~service": the node of a service
// whose workload is not known, as for a request that found no healthy host.
func ServiceID(mesh, cluster, namespace, service string) string {
	return mesh + "/" + cluster + "/" + namespace + "/~" + service
}

// UnknownID returns the node of callers that no source names.
func UnknownID(namespace string) string { return "unknown/" + namespace }

// ExternalID returns the node of a host outside the mesh.
func ExternalID(host string) string { return "external/" + host }
