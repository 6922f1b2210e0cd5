package wire

import "strings"

// Peer is the workload at the other end of a connection, as Istio's metadata
// exchange found it: an object of the filter state. The names of the objects
// (since Istio 1.24, before that with "wasm." in front) are those of
// istio/proxy: extensions/common/metadata_object.h.
type Peer struct {
	Known      bool // there is such an object
	Old        bool // under its old name
	Unreadable bool // of an unknown form: the names below are empty

	Mesh, Cluster, Namespace, Workload, Service, Version string
}

// decodeState reads an entry of filter_state_objects.
func (c *Common) decodeState(b []byte) (err error) {
	var (
		name   string
		object anyMessage
	)
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			name = text(b[v:end])
		case 2<<3 | wireBytes:
			err = object.decode(b[v:end])
		}
		i = end
	}
	if err != nil {
		return err
	}
	switch name {
	case "upstream_peer":
		c.UpstreamPeer.set(&object, false)
	case "wasm.upstream_peer":
		c.UpstreamPeer.set(&object, true)
	case "downstream_peer":
		c.DownstreamPeer.set(&object, false)
	case "wasm.downstream_peer":
		c.DownstreamPeer.set(&object, true)
	}
	return nil
}

// anyMessage is a google.protobuf.Any.
type anyMessage struct {
	url   string
	value []byte
}

func (a *anyMessage) decode(b []byte) error {
	for i := 0; i < len(b); {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireBytes:
			a.url = text(b[v:end])
		case 2<<3 | wireBytes:
			a.value = b[v:end]
		}
		i = end
	}
	return nil
}

// set reads an object into p, unless p has one of the new name and this one is
// of the old.
func (p *Peer) set(object *anyMessage, old bool) {
	if p.Known && old && !p.Old {
		return
	}
	*p = Peer{Known: true, Old: old}
	if p.read(object) != nil {
		*p = Peer{Known: true, Old: old, Unreadable: true}
	}
}

// read reads the two forms in use: a Struct, and a FlatBuffer in a BytesValue.
func (p *Peer) read(object *anyMessage) error {
	switch object.url[strings.LastIndexByte(object.url, '/')+1:] {
	case "google.protobuf.Struct":
		return p.structure(object.value)
	case "google.protobuf.BytesValue":
		return p.flatNode(bytesValue(object.value))
	}
	return ErrMalformed
}

// structure reads a Struct: with the names of the workload's fields since
// Istio 1.24, those of its proxy's metadata before.
func (p *Peer) structure(b []byte) error {
	var node Metadata
	err := structure(b, func(name string, v value) {
		switch name {
		case "cluster":
			p.Cluster = v.text
		case "namespace":
			p.Namespace = v.text
		case "workload":
			p.Workload = v.text
		case "service":
			p.Service = v.text
		case "revision":
			p.Version = v.text
		default:
			node.set(name, v)
		}
	})
	p.Mesh = node.MeshID
	p.Cluster, p.Namespace = either(p.Cluster, node.ClusterID), either(p.Namespace, node.Namespace)
	p.Workload = either(p.Workload, node.WorkloadName)
	p.Service, p.Version = either(p.Service, node.LabelService), either(p.Version, node.LabelRevision)
	return err
}

// bytesValue reads a google.protobuf.BytesValue; nothing if it is malformed.
func bytesValue(b []byte) (data []byte) {
	for i := 0; i < len(b); {
		key, v, end := next(b, i)
		if end < 0 {
			return nil
		}
		if key == 1<<3|wireBytes {
			data = b[v:end]
		}
		i = end
	}
	return data
}
