package wire

// Node is who speaks on a stream: the identifier of its first message.
type Node struct {
	ID      string // node.id
	Cluster string // node.cluster
	LogName string // the access logger's log_name
	Meta    Metadata
}

// Metadata are the string fields of node.metadata that name a workload, as
// mesh control planes write them.
type Metadata struct {
	MeshID         string // MESH_ID
	ClusterID      string // CLUSTER_ID
	Namespace      string // NAMESPACE
	Workload       string // WORKLOAD
	Service        string // SERVICE
	Version        string // VERSION
	ServiceAccount string // SERVICE_ACCOUNT
	ProxyKind      string // PROXY_KIND: sidecar or gateway
}

// Decode reads a StreamAccessLogsMessage.Identifier. The extension list that
// makes up most of its 60 KB is stepped over.
func (n *Node) Decode(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireBytes:
			err = n.node(f.data)
		case 2<<3 | wireBytes:
			err = f.setText(&n.LogName)
		}
	}
	return err
}

// node reads an envoy.config.core.v3.Node.
func (n *Node) node(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireBytes:
			err = f.setText(&n.ID)
		case 2<<3 | wireBytes:
			err = f.setText(&n.Cluster)
		case 3<<3 | wireBytes:
			err = n.Meta.structure(f.data)
		}
	}
	return err
}

// structure reads a google.protobuf.Struct.
func (m *Metadata) structure(b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		if f.key == 1<<3|wireBytes {
			err = m.field(f.data)
		}
	}
	return err
}

// field reads an entry of Struct.fields.
func (m *Metadata) field(b []byte) (err error) {
	var (
		f          field
		key, value string
	)
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireBytes:
			err = f.setText(&key)
		case 2<<3 | wireBytes:
			err = stringValue(&value, f.data)
		}
	}
	if dst := m.slot(key); dst != nil && err == nil {
		*dst = value
	}
	return err
}

// slot returns where the value of a metadata key goes, nil for a key that
// names nothing.
func (m *Metadata) slot(key string) *string {
	switch key {
	case "MESH_ID":
		return &m.MeshID
	case "CLUSTER_ID":
		return &m.ClusterID
	case "NAMESPACE":
		return &m.Namespace
	case "WORKLOAD":
		return &m.Workload
	case "SERVICE":
		return &m.Service
	case "VERSION":
		return &m.Version
	case "SERVICE_ACCOUNT":
		return &m.ServiceAccount
	case "PROXY_KIND":
		return &m.ProxyKind
	}
	return nil
}

// stringValue reads a google.protobuf.Value: dst becomes its text, "" where the
// last kind that is set is another one.
func stringValue(dst *string, b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 3<<3 | wireBytes:
			err = f.setText(dst)
		case 1<<3 | wireVarint, 2<<3 | wireFixed64, 4<<3 | wireVarint, 5<<3 | wireBytes, 6<<3 | wireBytes:
			*dst = ""
		}
	}
	return err
}
