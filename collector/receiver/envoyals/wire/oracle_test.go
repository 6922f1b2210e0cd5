package wire_test

import (
	"cmp"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// agreeOnEntry checks that what the generated decoder accepts, this one accepts
// with the same result.
func agreeOnEntry(t *testing.T, b []byte) {
	t.Helper()
	var got wire.Entry
	err := got.Decode(b)
	var generated datav3.HTTPAccessLogEntry
	if proto.Unmarshal(b, &generated) != nil {
		return // it need not be refused here, where it is not read
	}
	if err != nil {
		t.Fatalf("decoding %x: %v; the generated decoder accepts it", b, err)
	}
	want := entryOf(&generated)
	agreeOnPeers(&want.Common, &got.Common)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("decoding %x: differs from the generated decoder (-want +got):\n%s", b, diff)
	}
}

// agreeOnTCP does the same for a TCP entry.
func agreeOnTCP(t *testing.T, b []byte) {
	t.Helper()
	var got wire.TCPEntry
	err := got.Decode(b)
	var generated datav3.TCPAccessLogEntry
	if proto.Unmarshal(b, &generated) != nil {
		return
	}
	if err != nil {
		t.Fatalf("decoding %x: %v; the generated decoder accepts it", b, err)
	}
	want := wire.TCPEntry{
		HasCommon: generated.CommonProperties != nil,
		Common:    commonOf(generated.GetCommonProperties()),
		Received:  generated.GetConnectionProperties().GetReceivedBytes(),
		Sent:      generated.GetConnectionProperties().GetSentBytes(),
	}
	agreeOnPeers(&want.Common, &got.Common)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("decoding %x: differs from the generated decoder (-want +got):\n%s", b, diff)
	}
}

// agreeOnPeers takes out of the comparison what has no oracle: objects that the
// generated code cannot read.
func agreeOnPeers(want, got *wire.Common) {
	for _, p := range [][2]*wire.Peer{{&want.UpstreamPeer, &got.UpstreamPeer}, {&want.DownstreamPeer, &got.DownstreamPeer}} {
		if p[0].Unreadable && p[1].Known {
			*p[1] = *p[0]
		}
	}
}

// agreeOnMessage does the same for a message: its identifier and the borders of
// its entries.
func agreeOnMessage(t *testing.T, b []byte) {
	t.Helper()
	var node wire.Node
	found, errID := node.Identifier(b)
	entries, errWalk := walk(b)
	var generated servicev3.StreamAccessLogsMessage
	if proto.Unmarshal(b, &generated) != nil {
		return
	}
	if errID != nil || errWalk != nil {
		t.Fatalf("walking %x: identifier %v, entries %v; the generated decoder accepts it", b, errID, errWalk)
	}
	if found != (generated.Identifier != nil) {
		t.Fatalf("walking %x: identifier found: %t", b, found)
	}
	if diff := gocmp.Diff(nodeOf(generated.Identifier), node); diff != "" {
		t.Errorf("identifier of %x (-want +got):\n%s", b, diff)
	}
	if arms(b) > 1 {
		return // of a choice set twice, the generated decoder keeps the last arm, this one all entries
	}
	http, tcp := generated.GetHttpLogs().GetLogEntry(), generated.GetTcpLogs().GetLogEntry()
	if len(entries[wire.HTTP]) != len(http) || len(entries[wire.TCP]) != len(tcp) {
		t.Fatalf("walking %x: %d HTTP and %d TCP entries, want %d and %d",
			b, len(entries[wire.HTTP]), len(entries[wire.TCP]), len(http), len(tcp))
	}
	for _, entry := range entries[wire.HTTP] {
		agreeOnEntry(t, entry)
	}
	for _, entry := range entries[wire.TCP] {
		agreeOnTCP(t, entry)
	}
}

// arms counts the arms of the choice between HTTP and TCP logs in a message.
func arms(b []byte) (n int) {
	seen := map[protowire.Number]bool{}
	for len(b) > 0 {
		num, typ, size := protowire.ConsumeField(b)
		if typ == protowire.BytesType && (num == 2 || num == 3) {
			seen[num] = true
		}
		b = b[size:]
	}
	return len(seen)
}

// walk lists the entries of a message by kind.
func walk(b []byte) (entries map[wire.Kind][][]byte, err error) {
	entries = make(map[wire.Kind][][]byte)
	c := wire.NewCursor(b)
	for {
		kind, entry, err := c.Next()
		if err != nil || kind == wire.End {
			return entries, err
		}
		entries[kind] = append(entries[kind], entry)
	}
}

// entryOf says in terms of this package what the generated code decoded.
func entryOf(e *datav3.HTTPAccessLogEntry) wire.Entry {
	return wire.Entry{
		HasCommon: e.CommonProperties != nil,
		Common:    commonOf(e.GetCommonProperties()),
		Version:   wire.Version(e.ProtocolVersion),
		Request:   requestOf(e.GetRequest()),
		Response:  responseOf(e.GetResponse()),
	}
}

func commonOf(c *datav3.AccessLogCommon) wire.Common {
	tags := c.GetCustomTags()
	return wire.Common{
		Type:             wire.Type(c.GetAccessLogType()),
		Intermediate:     c.GetIntermediateLogEntry(), //nolint:staticcheck // deprecated, and all that an old Envoy says
		Start:            wire.Span{Seconds: c.GetStartTime().GetSeconds(), Nanos: c.GetStartTime().GetNanos(), Set: c.GetStartTime() != nil},
		Duration:         spanOf(c.GetDuration()),
		FirstUpstreamTx:  spanOf(c.GetTimeToFirstUpstreamTxByte()),
		LastUpstreamTx:   spanOf(c.GetTimeToLastUpstreamTxByte()),
		FirstUpstreamRx:  spanOf(c.GetTimeToFirstUpstreamRxByte()),
		LastDownstreamTx: spanOf(c.GetTimeToLastDownstreamTxByte()),
		LastSeen:         lastSeenOf(c),
		Upstream:         addressOf(c.GetUpstreamRemoteAddress()),
		Cluster:          c.GetUpstreamCluster(),
		Route:            c.GetRouteName(),
		Failure:          c.GetUpstreamTransportFailureReason(),
		Ended:            c.GetConnectionTerminationDetails(),
		StreamID:         c.GetStreamId(),
		Attempts:         c.GetUpstreamRequestAttemptCount(),
		Flags:            flagsOf(c.GetResponseFlags()),
		TLS: wire.TLS{
			Version:  int32(c.GetTlsProperties().GetTlsVersion()),
			SNI:      c.GetTlsProperties().GetTlsSniHostname(),
			LocalURI: uriOf(c.GetTlsProperties().GetLocalCertificateProperties()),
			PeerURI:  uriOf(c.GetTlsProperties().GetPeerCertificateProperties()),
		},
		Tags: wire.Tags{
			Direction: tags["mesh.direction"], DstService: tags["dst.service"], DstNamespace: tags["dst.namespace"],
			DstWorkload: tags["dst.workload"], DstVersion: tags["dst.version"], SrcPrincipal: tags["src.principal"],
			DstPrincipal: tags["dst.principal"], ConnTLS: tags["conn.tls"], UpTLS: tags["up.tls"],
			TraceID: tags["trace.id"], SpanID: tags["span.id"],
		},
		UpstreamPeer:   peerOf(c, "upstream_peer"),
		DownstreamPeer: peerOf(c, "downstream_peer"),
	}
}

// lastSeenOf is the largest of the offsets that stand in for a duration.
func lastSeenOf(c *datav3.AccessLogCommon) (last wire.Span) {
	if c.GetTimeToLastDownstreamTxByte() != nil || c.GetDuration() != nil {
		return last
	}
	for _, d := range []*durationpb.Duration{c.GetTimeToLastRxByte(), c.GetTimeToLastUpstreamRxByte(), c.GetTimeToFirstDownstreamTxByte()} {
		if span := spanOf(d); d != nil && (!last.Set || span.Duration() > last.Duration()) {
			last = span
		}
	}
	return last
}

// peerOf reads an object of the filter state that is a Struct. Of other forms
// there is no generated decoder; what one makes of a broken Struct does not
// matter.
func peerOf(c *datav3.AccessLogCommon, name string) wire.Peer {
	objects := c.GetFilterStateObjects()
	object, known := objects[name]
	old := false
	if !known {
		object, known = objects["wasm."+name]
		old = known
	}
	peer := wire.Peer{Known: known, Old: old}
	if !known {
		return peer
	}
	var fields structpb.Struct
	if object.GetTypeUrl()[strings.LastIndexByte(object.GetTypeUrl(), '/')+1:] != "google.protobuf.Struct" ||
		proto.Unmarshal(object.GetValue(), &fields) != nil {
		peer.Unreadable = true
		return peer
	}
	text := func(names ...string) string {
		for _, n := range names {
			if v := fields.GetFields()[n].GetStringValue(); v != "" {
				return v
			}
		}
		return ""
	}
	service, revision := labelsOf(fields.GetFields()["LABELS"])
	peer.Mesh, peer.Cluster = text("MESH_ID"), text("cluster", "CLUSTER_ID")
	peer.Namespace, peer.Workload = text("namespace", "NAMESPACE"), text("workload", "WORKLOAD_NAME")
	peer.Service, peer.Version = cmp.Or(text("service"), service), cmp.Or(text("revision"), revision)
	return peer
}

func labelsOf(v *structpb.Value) (service, revision string) {
	labels := v.GetStructValue().GetFields()
	text := func(key string) string { return labels[key].GetStringValue() }
	return cmp.Or(text("service.istio.io/canonical-name"), text("app")), cmp.Or(text("service.istio.io/canonical-revision"), text("version"))
}

func requestOf(r *datav3.HTTPRequestProperties) wire.Request {
	headers := r.GetRequestHeaders()
	return wire.Request{
		Method: wire.Method(r.GetRequestMethod()), ID: r.GetRequestId(),
		HeaderBytes: r.GetRequestHeadersBytes(), BodyBytes: r.GetRequestBodyBytes(),
		CallID: headers["x-mesh-call"], AttemptCount: headers["x-envoy-attempt-count"], Peer: headers["x-mesh-peer"],
		TraceParent: headers["traceparent"], ContentType: headers["content-type"],
	}
}

func responseOf(r *datav3.HTTPResponseProperties) wire.Response {
	return wire.Response{
		Code: r.GetResponseCode().GetValue(), HeaderBytes: r.GetResponseHeadersBytes(), BodyBytes: r.GetResponseBodyBytes(),
		Details: r.GetResponseCodeDetails(), HeaderStatus: r.GetResponseHeaders()["grpc-status"],
		TrailerStatus: r.GetResponseTrailers()["grpc-status"], ContentType: r.GetResponseHeaders()["content-type"],
	}
}

func spanOf(d *durationpb.Duration) wire.Span {
	return wire.Span{Seconds: d.GetSeconds(), Nanos: d.GetNanos(), Set: d != nil}
}

func addressOf(a *corev3.Address) wire.Address {
	switch {
	case a.GetPipe() != nil:
		return wire.Address{Host: a.GetPipe().GetPath(), Pipe: true}
	case a.GetSocketAddress() != nil:
		return wire.Address{Host: a.GetSocketAddress().GetAddress(), Port: a.GetSocketAddress().GetPortValue()}
	}
	return wire.Address{}
}

// flagsOf sets bit n-1 for each field n that is there.
func flagsOf(f *datav3.ResponseFlags) (flags uint64) {
	if f == nil {
		return 0
	}
	f.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		flags |= 1 << (fd.Number() - 1)
		return true
	})
	for unknown := f.ProtoReflect().GetUnknown(); len(unknown) > 0; {
		unknown = setUnknown(&flags, unknown)
	}
	return flags
}

// setUnknown reads a flag that the generated code has no name for, and returns
// what follows it.
func setUnknown(flags *uint64, b []byte) []byte {
	num, typ, n := protowire.ConsumeTag(b)
	rest := b[n+protowire.ConsumeFieldValue(num, typ, b[n:]):]
	if typ != protowire.VarintType || num <= 28 || num > 64 {
		return rest
	}
	bit := uint64(1) << (num - 1)
	if v, _ := protowire.ConsumeVarint(b[n:]); v != 0 {
		*flags |= bit
	} else {
		*flags &^= bit
	}
	return rest
}

func uriOf(c *datav3.TLSProperties_CertificateProperties) string {
	for _, san := range c.GetSubjectAltName() {
		if san.GetUri() != "" {
			return san.GetUri()
		}
	}
	return ""
}

func nodeOf(id *servicev3.StreamAccessLogsMessage_Identifier) wire.Node {
	meta := id.GetNode().GetMetadata().GetFields()
	service, revision := labelsOf(meta["LABELS"])
	text := func(key string) string { return meta[key].GetStringValue() }
	return wire.Node{
		ID: id.GetNode().GetId(), Cluster: id.GetNode().GetCluster(), LogName: id.GetLogName(),
		Meta: wire.Metadata{
			MeshID: text("MESH_ID"), ClusterID: text("CLUSTER_ID"), Namespace: text("NAMESPACE"), Workload: text("WORKLOAD"),
			Service: text("SERVICE"), Version: text("VERSION"), ServiceAccount: text("SERVICE_ACCOUNT"), ProxyKind: text("PROXY_KIND"),
			WorkloadName: text("WORKLOAD_NAME"), LabelService: service, LabelRevision: revision,
		},
	}
}
