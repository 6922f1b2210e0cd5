package wire

import "strings"

// Node is who speaks on a stream: the identifier of its first message.
type Node struct {
	ID      string // node.id
	Cluster string // node.cluster
	LogName string // the access logger's log_name
	Meta    Metadata
}

// Metadata are the fields of node.metadata that name a workload, as mesh
// control planes write them.
type Metadata struct {
	MeshID         string // MESH_ID
	ClusterID      string // CLUSTER_ID
	Namespace      string // NAMESPACE
	Workload       string // WORKLOAD
	Service        string // SERVICE
	Version        string // VERSION
	ServiceAccount string // SERVICE_ACCOUNT
	ProxyKind      string // PROXY_KIND: sidecar or gateway

	WorkloadName  string // WORKLOAD_NAME
	LabelService  string // of LABELS: service.istio.io/canonical-name, else app
	LabelRevision string // of LABELS: service.istio.io/canonical-revision, else version
}

// Clone returns the node with strings of its own.
func (n *Node) Clone() Node {
	c := *n
	m := &c.Meta
	for _, s := range []*string{
		&c.ID, &c.Cluster, &c.LogName,
		&m.MeshID, &m.ClusterID, &m.Namespace, &m.Workload, &m.Service, &m.Version, &m.ServiceAccount, &m.ProxyKind,
		&m.WorkloadName, &m.LabelService, &m.LabelRevision,
	} {
		*s = strings.Clone(*s)
	}
	return c
}

// Decode reads a StreamAccessLogsMessage.Identifier. The extension list that
// makes up most of its 60 KB is stepped over.
func (n *Node) Decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			err = n.node(b[v:end])
		case 2<<3 | wireBytes:
			err = setText(&n.LogName, b[v:end])
		}
		i = end
	}
	return err
}

// node reads an envoy.config.core.v3.Node.
func (n *Node) node(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			err = setText(&n.ID, b[v:end])
		case 2<<3 | wireBytes:
			err = setText(&n.Cluster, b[v:end])
		case 3<<3 | wireBytes:
			err = structure(b[v:end], n.Meta.set)
		}
		i = end
	}
	return err
}

// set takes a field of the metadata.
func (m *Metadata) set(name string, v value) {
	switch name {
	case "MESH_ID":
		m.MeshID = v.text
	case "CLUSTER_ID":
		m.ClusterID = v.text
	case "NAMESPACE":
		m.Namespace = v.text
	case "WORKLOAD":
		m.Workload = v.text
	case "WORKLOAD_NAME":
		m.WorkloadName = v.text
	case "SERVICE":
		m.Service = v.text
	case "VERSION":
		m.Version = v.text
	case "SERVICE_ACCOUNT":
		m.ServiceAccount = v.text
	case "PROXY_KIND":
		m.ProxyKind = v.text
	case "LABELS":
		m.LabelService, m.LabelRevision = v.labels.service(), v.labels.revision()
	}
}
