package wire_test

import (
	"encoding/binary"
	"testing"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// flatTable builds a table of a FlatBuffer: its vtable, then an offset for each
// field, then what they point to. A field is nil, a string, or a vector of
// tables.
type flatTable []any

// appendTo puts the table at the end of b and returns where it is.
func (f flatTable) appendTo(b []byte) (out []byte, at int) {
	vtable := len(b)
	b = binary.LittleEndian.AppendUint16(b, uint16(4+2*len(f)))
	b = binary.LittleEndian.AppendUint16(b, uint16(4+4*len(f)))
	for i, field := range f {
		offset := uint16(4 + 4*i)
		if field == nil {
			offset = 0
		}
		b = binary.LittleEndian.AppendUint16(b, offset)
	}
	at = len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(at-vtable))
	b = append(b, make([]byte, 4*len(f))...)
	for i, field := range f {
		slot := at + 4 + 4*i
		switch v := field.(type) {
		case string:
			point(b, slot, len(b))
			b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
			b = append(append(b, v...), 0)
		case []flatTable:
			point(b, slot, len(b))
			vector := len(b)
			b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
			b = append(b, make([]byte, 4*len(v))...)
			for j, element := range v {
				var place int
				b, place = element.appendTo(b)
				point(b, vector+4+4*j, place)
			}
		}
	}
	return b, at
}

// point writes an offset from one place to another.
func point(b []byte, from, to int) { binary.LittleEndian.PutUint32(b[from:], uint32(to-from)) }

// buffer is a FlatBuffer with this root.
func (f flatTable) buffer() []byte {
	b, at := f.appendTo(make([]byte, 4))
	point(b, 0, at)
	return b
}

// flatNode is a node as Istio wrote it before 1.24: name, namespace, labels,
// owner, workload, platform, version, mesh, containers, cluster.
func flatNode() flatTable {
	labels := []flatTable{{"app", "page"}, {"service.istio.io/canonical-name", "productpage"}, {"version", "v1"}}
	return flatTable{"productpage-5d", "shop", labels, "kubernetes://x", "productpage-v1", nil, "1.20", "bookinfo", nil, "west"}
}

func stateEntry(name string, object *anypb.Any) *datav3.HTTPAccessLogEntry {
	return &datav3.HTTPAccessLogEntry{CommonProperties: &datav3.AccessLogCommon{
		FilterStateObjects: map[string]*anypb.Any{name: object, "envoy.network.other": alstest.Object(wrapperspb.Bool(true))},
	}}
}

func TestPeer(t *testing.T) {
	text := structpb.NewStringValue
	old := &structpb.Struct{Fields: map[string]*structpb.Value{
		"WORKLOAD_NAME": text("productpage-v1"), "NAMESPACE": text("shop"), "CLUSTER_ID": text("west"), "MESH_ID": text("bookinfo"),
		"LABELS": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"app": text("page"), "service.istio.io/canonical-revision": text("v1"), "number": structpb.NewNumberValue(7),
		}}),
	}}
	for name, test := range map[string]struct {
		name   string
		object *anypb.Any
		want   wire.Peer
	}{
		"workload": {
			"downstream_peer", alstest.Object(alstest.Workload("shop", "productpage-v1", "productpage", "v1")),
			wire.Peer{Known: true, Cluster: "local", Namespace: "shop", Workload: "productpage-v1", Service: "productpage", Version: "v1"},
		},
		"metadata of the proxy": {
			"wasm.downstream_peer", alstest.Object(old),
			wire.Peer{
				Known: true, Old: true, Mesh: "bookinfo", Cluster: "west", Namespace: "shop", Workload: "productpage-v1", Service: "page", Version: "v1",
			},
		},
		"FlatBuffer": {
			"wasm.downstream_peer", alstest.Object(wrapperspb.Bytes(flatNode().buffer())),
			wire.Peer{
				Known: true, Old: true, Mesh: "bookinfo", Cluster: "west", Namespace: "shop", Workload: "productpage-v1",
				Service: "productpage", Version: "v1",
			},
		},
		"empty":           {"downstream_peer", alstest.Object(&structpb.Struct{}), wire.Peer{Known: true}},
		"another type":    {"downstream_peer", alstest.Object(wrapperspb.String("x")), wire.Peer{Known: true, Unreadable: true}},
		"no type":         {"downstream_peer", &anypb.Any{Value: []byte("x")}, wire.Peer{Known: true, Unreadable: true}},
		"no object":       {"downstream_peer", nil, wire.Peer{Known: true, Unreadable: true}},
		"text":            {"wasm.downstream_peer", alstest.Object(wrapperspb.Bytes([]byte("shop"))), wire.Peer{Known: true, Old: true, Unreadable: true}},
		"no bytes":        {"wasm.downstream_peer", alstest.Object(wrapperspb.Bytes(nil)), wire.Peer{Known: true, Old: true, Unreadable: true}},
		"broken struct":   {"downstream_peer", broken("google.protobuf.Struct"), wire.Peer{Known: true, Unreadable: true}},
		"broken bytes":    {"downstream_peer", broken("google.protobuf.BytesValue"), wire.Peer{Known: true, Unreadable: true}},
		"without its URL": {"downstream_peer", &anypb.Any{TypeUrl: "google.protobuf.Struct"}, wire.Peer{Known: true}},
		"something else":  {"peer_not_found", alstest.Object(&structpb.Struct{}), wire.Peer{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := marshal(t, stateEntry(test.name, test.object))
			var e wire.Entry
			if err := e.Decode(b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, e.Common.DownstreamPeer); diff != "" {
				t.Errorf("peer (-want +got):\n%s", diff)
			}
			if e.Common.UpstreamPeer.Known {
				t.Errorf("the other peer is %+v", e.Common.UpstreamPeer)
			}
			agreeOnEntry(t, b)
		})
	}
}

func broken(name string) *anypb.Any {
	return &anypb.Any{TypeUrl: "type.googleapis.com/" + name, Value: []byte{0x0a, 0x05}}
}

// TestPeerNames prefers the object of the new name, in whatever order they come.
func TestPeerNames(t *testing.T) {
	object := func(name, workload string) []byte {
		return bytesField(21, textField(1, name), bytesField(2, marshal(t, alstest.Object(alstest.Workload("shop", workload, "s", "v")))))
	}
	for name, test := range map[string]struct {
		parts [][]byte
		want  string
	}{
		"old, new": {[][]byte{object("wasm.upstream_peer", "old"), object("upstream_peer", "new")}, "new"},
		"new, old": {[][]byte{object("upstream_peer", "new"), object("wasm.upstream_peer", "old")}, "new"},
		"old, old": {[][]byte{object("wasm.upstream_peer", "old"), object("wasm.upstream_peer", "last")}, "last"},
		"new, new": {[][]byte{object("upstream_peer", "new"), object("upstream_peer", "last")}, "last"},
	} {
		t.Run(name, func(t *testing.T) {
			b := bytesField(1, test.parts...)
			var e wire.Entry
			if err := e.Decode(b); err != nil {
				t.Fatal(err)
			}
			if got := e.Common.UpstreamPeer.Workload; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			agreeOnEntry(t, b)
		})
	}
}

// TestFlatBufferDamaged cuts a FlatBuffer at every byte, damages every byte, and
// points every offset everywhere: it is read or unreadable, and nothing panics.
func TestFlatBufferDamaged(t *testing.T) {
	whole := flatNode().buffer()
	try := func(b []byte) wire.Peer {
		var e wire.Entry
		if err := e.Decode(marshal(t, stateEntry("upstream_peer", alstest.Object(wrapperspb.Bytes(b))))); err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		return e.Common.UpstreamPeer
	}
	if p := try(whole); p.Unreadable || p.Workload == "" {
		t.Fatalf("the whole buffer yields %+v", p)
	}
	for n := range whole {
		if p := try(whole[:n]); p.Unreadable && p.Workload != "" {
			t.Errorf("cut at %d: half of it is used: %+v", n, p)
		}
		for _, damage := range []byte{0x00, 0x01, 0x7f, 0x80, 0xff} {
			b := append([]byte(nil), whole...)
			b[n] = damage
			try(b)
		}
		if n+4 <= len(whole) {
			for _, offset := range []uint32{0, 1, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
				b := append([]byte(nil), whole...)
				binary.LittleEndian.PutUint32(b[n:], offset)
				try(b)
			}
		}
	}
}

// TestFlatBufferLabels bounds how many labels are looked at.
func TestFlatBufferLabels(t *testing.T) {
	for n, readable := range map[int]bool{0: true, 256: true, 257: false} {
		node := flatNode()
		node[2] = make([]flatTable, n)
		for i := range n {
			node[2].([]flatTable)[i] = flatTable{"app", "x"}
		}
		var e wire.Entry
		if err := e.Decode(marshal(t, stateEntry("upstream_peer", alstest.Object(wrapperspb.Bytes(node.buffer()))))); err != nil {
			t.Fatal(err)
		}
		if e.Common.UpstreamPeer.Unreadable == readable {
			t.Errorf("with %d labels: %+v", n, e.Common.UpstreamPeer)
		}
	}
}

// TestTCPEntry decodes what TCP entries have beside the common properties.
func TestTCPEntry(t *testing.T) {
	for name, test := range map[string]struct {
		in   []byte
		want wire.TCPEntry
	}{
		"empty":      {nil, wire.TCPEntry{}},
		"connection": {bytesField(2, varint(1, 7), varint(2, 9)), wire.TCPEntry{Received: 7, Sent: 9}},
		"merged":     {join(bytesField(2, varint(1, 7), varint(2, 1)), bytesField(2, varint(2, 9))), wire.TCPEntry{Received: 7, Sent: 9}},
		"common":     {bytesField(1, textField(25, "idle")), wire.TCPEntry{HasCommon: true, Common: wire.Common{Ended: "idle"}}},
		"other kind": {bytesField(3, varint(1, 7)), wire.TCPEntry{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := wire.TCPEntry{Received: 777} // of the entry before
			if err := got.Decode(test.in); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
			agreeOnTCP(t, test.in)
		})
	}
	for name, in := range map[string][]byte{
		"field": {0x0a}, "common": bytesField(1, []byte{0x10}), "connection": bytesField(2, []byte{0x08}), "offset": bytesField(1, bytesField(11, []byte{0x08})),
	} {
		var e wire.TCPEntry
		if err := e.Decode(in); err == nil {
			t.Errorf("a malformed %s was taken", name)
		}
	}
}

// TestLastSeen takes the latest of the offsets where Envoy sends no duration.
func TestLastSeen(t *testing.T) {
	ms := func(num protowire.Number, n uint64) []byte { return bytesField(num, varint(2, n*1e6)) }
	for name, test := range map[string]struct {
		parts [][]byte
		want  wire.Span
	}{
		"request only":           {[][]byte{ms(6, 3)}, wire.Span{Nanos: 3e6, Set: true}},
		"answer":                 {[][]byte{ms(6, 3), ms(10, 40), ms(11, 30)}, wire.Span{Nanos: 40e6, Set: true}},
		"duration":               {[][]byte{ms(6, 3), ms(23, 50)}, wire.Span{}},
		"last byte":              {[][]byte{ms(6, 3), ms(12, 50)}, wire.Span{}},
		"zero is a time":         {[][]byte{bytesField(6)}, wire.Span{Set: true}},
		"nothing":                {nil, wire.Span{}},
		"negative loses to none": {[][]byte{bytesField(6, varint(1, 1<<64-1)), bytesField(10)}, wire.Span{Set: true}},
	} {
		t.Run(name, func(t *testing.T) {
			b := bytesField(1, test.parts...)
			var e wire.Entry
			if err := e.Decode(b); err != nil {
				t.Fatal(err)
			}
			if e.Common.LastSeen != test.want {
				t.Errorf("got %+v, want %+v", e.Common.LastSeen, test.want)
			}
			agreeOnEntry(t, b)
		})
	}
}

// TestClone sees that a cloned node does not borrow.
func TestClone(t *testing.T) {
	message := marshal(t, alstest.Message(alstest.Identifier("mesh.request")))
	var borrowed, want wire.Node
	if _, err := borrowed.Identifier(message); err != nil {
		t.Fatal(err)
	}
	if _, err := want.Identifier(append([]byte(nil), message...)); err != nil {
		t.Fatal(err)
	}
	kept := borrowed.Clone()
	for i := range message {
		message[i] = 'x'
	}
	if kept != want {
		t.Errorf("after the message was reused: %+v, want %+v", kept, want)
	}
}

// TestIstioNode reads what Istio's proxies say of themselves.
func TestIstioNode(t *testing.T) {
	id := alstest.Identifier("http_envoy_accesslog")
	text := structpb.NewStringValue
	id.Node.Metadata = &structpb.Struct{Fields: map[string]*structpb.Value{
		"WORKLOAD_NAME": text("reviews-v2"), "NAMESPACE": text("shop"), "MESH_ID": text("cluster.local"), "CLUSTER_ID": text("Kubernetes"),
		"LABELS": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"service.istio.io/canonical-name": text("reviews"), "service.istio.io/canonical-revision": text("v2"),
		}}),
		"PROXY_CONFIG": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{"app": text("no label")}}),
	}}
	message := marshal(t, alstest.Message(id))
	var n wire.Node
	if _, err := n.Identifier(message); err != nil {
		t.Fatal(err)
	}
	want := wire.Metadata{
		MeshID: "cluster.local", ClusterID: "Kubernetes", Namespace: "shop", WorkloadName: "reviews-v2", LabelService: "reviews", LabelRevision: "v2",
	}
	if diff := cmp.Diff(want, n.Meta); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	agreeOnMessage(t, message)
}
