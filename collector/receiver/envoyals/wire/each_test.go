package wire_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// TestEachField sets one field of Envoy's at a time and says where it goes.
func TestEachField(t *testing.T) {
	type entry = datav3.HTTPAccessLogEntry
	common := func(c *datav3.AccessLogCommon) *entry { return &entry{CommonProperties: c} }
	ms := durationpb.New(5 * time.Millisecond)
	span := wire.Span{Nanos: 5e6, Set: true}
	in := func(c wire.Common) wire.Entry { return wire.Entry{HasCommon: true, Common: c} }
	for name, test := range map[string]struct {
		in   *entry
		want wire.Entry
	}{
		"start_time": {
			common(&datav3.AccessLogCommon{StartTime: &timestamppb.Timestamp{Seconds: 9, Nanos: 7}}),
			in(wire.Common{Start: wire.Span{Seconds: 9, Nanos: 7, Set: true}}),
		},
		"duration":          {common(&datav3.AccessLogCommon{Duration: ms}), in(wire.Common{Duration: span})},
		"first upstream tx": {common(&datav3.AccessLogCommon{TimeToFirstUpstreamTxByte: ms}), in(wire.Common{FirstUpstreamTx: span})},
		"last upstream tx":  {common(&datav3.AccessLogCommon{TimeToLastUpstreamTxByte: ms}), in(wire.Common{LastUpstreamTx: span})},
		"first upstream rx": {common(&datav3.AccessLogCommon{TimeToFirstUpstreamRxByte: ms}), in(wire.Common{FirstUpstreamRx: span})},
		"last downstream tx": {
			common(&datav3.AccessLogCommon{TimeToLastDownstreamTxByte: ms}), in(wire.Common{LastDownstreamTx: span}),
		},
		"last rx":            {common(&datav3.AccessLogCommon{TimeToLastRxByte: ms}), in(wire.Common{LastSeen: span})},
		"last upstream rx":   {common(&datav3.AccessLogCommon{TimeToLastUpstreamRxByte: ms}), in(wire.Common{LastSeen: span})},
		"first downstream":   {common(&datav3.AccessLogCommon{TimeToFirstDownstreamTxByte: ms}), in(wire.Common{LastSeen: span})},
		"upstream address":   {common(&datav3.AccessLogCommon{UpstreamRemoteAddress: alstest.Socket("10.0.0.1", 80)}), in(wire.Common{Upstream: wire.Address{Host: "10.0.0.1", Port: 80}})},
		"upstream local":     {common(&datav3.AccessLogCommon{UpstreamLocalAddress: alstest.Socket("10.0.0.1", 80)}), in(wire.Common{})},
		"downstream address": {common(&datav3.AccessLogCommon{DownstreamRemoteAddress: alstest.Socket("10.0.0.1", 80)}), in(wire.Common{})},
		"cluster":            {common(&datav3.AccessLogCommon{UpstreamCluster: "x"}), in(wire.Common{Cluster: "x"})},
		"route":              {common(&datav3.AccessLogCommon{RouteName: "x"}), in(wire.Common{Route: "x"})},
		"failure":            {common(&datav3.AccessLogCommon{UpstreamTransportFailureReason: "x"}), in(wire.Common{Failure: "x"})},
		"downstream failure": {common(&datav3.AccessLogCommon{DownstreamTransportFailureReason: "x"}), in(wire.Common{})},
		"termination":        {common(&datav3.AccessLogCommon{ConnectionTerminationDetails: "x"}), in(wire.Common{Ended: "x"})},
		"stream id":          {common(&datav3.AccessLogCommon{StreamId: "x"}), in(wire.Common{StreamID: "x"})},
		"attempts":           {common(&datav3.AccessLogCommon{UpstreamRequestAttemptCount: 3}), in(wire.Common{Attempts: 3})},
		"type":               {common(&datav3.AccessLogCommon{AccessLogType: datav3.AccessLogType_UpstreamEnd}), in(wire.Common{Type: wire.UpstreamEnd})},
		"end of TCP":         {common(&datav3.AccessLogCommon{AccessLogType: datav3.AccessLogType_TcpConnectionEnd}), in(wire.Common{Type: wire.TCPConnectionEnd})},
		"end of UDP":         {common(&datav3.AccessLogCommon{AccessLogType: datav3.AccessLogType_UdpSessionEnd}), in(wire.Common{Type: wire.UDPSessionEnd})},
		"end of HTTP":        {common(&datav3.AccessLogCommon{AccessLogType: datav3.AccessLogType_DownstreamEnd}), in(wire.Common{Type: wire.DownstreamEnd})},
		"wire bytes":         {common(&datav3.AccessLogCommon{DownstreamWireBytesSent: 7, UpstreamWireBytesReceived: 9}), in(wire.Common{})},
		"sample rate":        {common(&datav3.AccessLogCommon{SampleRate: 0.5}), in(wire.Common{})},
		"TLS version": {
			common(&datav3.AccessLogCommon{TlsProperties: &datav3.TLSProperties{TlsVersion: datav3.TLSProperties_TLSv1_2}}),
			in(wire.Common{TLS: wire.TLS{Version: 3}}),
		},
		"SNI": {
			common(&datav3.AccessLogCommon{TlsProperties: &datav3.TLSProperties{TlsSniHostname: "x"}}),
			in(wire.Common{TLS: wire.TLS{SNI: "x"}}),
		},
		"own certificate": {
			common(&datav3.AccessLogCommon{TlsProperties: &datav3.TLSProperties{LocalCertificateProperties: alstest.Certificate("spiffe://a")}}),
			in(wire.Common{TLS: wire.TLS{LocalURI: "spiffe://a"}}),
		},
		"peer's certificate": {
			common(&datav3.AccessLogCommon{TlsProperties: &datav3.TLSProperties{PeerCertificateProperties: alstest.Certificate("spiffe://a")}}),
			in(wire.Common{TLS: wire.TLS{PeerURI: "spiffe://a"}}),
		},
		"version":       {&entry{ProtocolVersion: datav3.HTTPAccessLogEntry_HTTP3}, wire.Entry{Version: wire.HTTP3}},
		"method":        {&entry{Request: &datav3.HTTPRequestProperties{RequestMethod: corev3.RequestMethod_PUT}}, wire.Entry{Request: wire.Request{Method: 4}}},
		"request id":    {&entry{Request: &datav3.HTTPRequestProperties{RequestId: "x"}}, wire.Entry{Request: wire.Request{ID: "x"}}},
		"request head":  {&entry{Request: &datav3.HTTPRequestProperties{RequestHeadersBytes: 7}}, wire.Entry{Request: wire.Request{HeaderBytes: 7}}},
		"request body":  {&entry{Request: &datav3.HTTPRequestProperties{RequestBodyBytes: 7}}, wire.Entry{Request: wire.Request{BodyBytes: 7}}},
		"path":          {&entry{Request: &datav3.HTTPRequestProperties{Path: "/private", Authority: "x", UserAgent: "y"}}, wire.Entry{}},
		"code":          {&entry{Response: &datav3.HTTPResponseProperties{ResponseCode: wrapperspb.UInt32(404)}}, wire.Entry{Response: wire.Response{Code: 404}}},
		"response head": {&entry{Response: &datav3.HTTPResponseProperties{ResponseHeadersBytes: 7}}, wire.Entry{Response: wire.Response{HeaderBytes: 7}}},
		"response body": {&entry{Response: &datav3.HTTPResponseProperties{ResponseBodyBytes: 7}}, wire.Entry{Response: wire.Response{BodyBytes: 7}}},
		"details":       {&entry{Response: &datav3.HTTPResponseProperties{ResponseCodeDetails: "x"}}, wire.Entry{Response: wire.Response{Details: "x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := marshal(t, test.in)
			var got wire.Entry
			if err := got.Decode(b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
			agreeOnEntry(t, b)
		})
	}
}

// TestEachText sends each tag and header that is read, alone and among others.
func TestEachText(t *testing.T) {
	get := map[string]func(*wire.Entry) string{
		"tag mesh.direction":            func(e *wire.Entry) string { return e.Common.Tags.Direction },
		"tag dst.service":               func(e *wire.Entry) string { return e.Common.Tags.DstService },
		"tag dst.namespace":             func(e *wire.Entry) string { return e.Common.Tags.DstNamespace },
		"tag dst.workload":              func(e *wire.Entry) string { return e.Common.Tags.DstWorkload },
		"tag dst.version":               func(e *wire.Entry) string { return e.Common.Tags.DstVersion },
		"tag src.principal":             func(e *wire.Entry) string { return e.Common.Tags.SrcPrincipal },
		"tag dst.principal":             func(e *wire.Entry) string { return e.Common.Tags.DstPrincipal },
		"tag conn.tls":                  func(e *wire.Entry) string { return e.Common.Tags.ConnTLS },
		"tag up.tls":                    func(e *wire.Entry) string { return e.Common.Tags.UpTLS },
		"tag trace.id":                  func(e *wire.Entry) string { return e.Common.Tags.TraceID },
		"tag span.id":                   func(e *wire.Entry) string { return e.Common.Tags.SpanID },
		"request x-mesh-call":           func(e *wire.Entry) string { return e.Request.CallID },
		"request x-envoy-attempt-count": func(e *wire.Entry) string { return e.Request.AttemptCount },
		"request x-mesh-peer":           func(e *wire.Entry) string { return e.Request.Peer },
		"request traceparent":           func(e *wire.Entry) string { return e.Request.TraceParent },
		"request content-type":          func(e *wire.Entry) string { return e.Request.ContentType },
		"response content-type":         func(e *wire.Entry) string { return e.Response.ContentType },
		"response grpc-status":          func(e *wire.Entry) string { return e.Response.HeaderStatus },
		"trailer grpc-status":           func(e *wire.Entry) string { return e.Response.TrailerStatus },
	}
	for name, field := range get {
		t.Run(name, func(t *testing.T) {
			var where, key string
			if _, err := fmt.Sscan(name, &where, &key); err != nil {
				t.Fatal(err)
			}
			texts := map[string]string{key: "größe", "another": "value", key + "x": "no", "x" + key: "no"}
			e := &datav3.HTTPAccessLogEntry{}
			switch where {
			case "tag":
				e.CommonProperties = &datav3.AccessLogCommon{CustomTags: texts}
			case "request":
				e.Request = &datav3.HTTPRequestProperties{RequestHeaders: texts}
			case "response":
				e.Response = &datav3.HTTPResponseProperties{ResponseHeaders: texts}
			case "trailer":
				e.Response = &datav3.HTTPResponseProperties{ResponseTrailers: texts}
			}
			b := marshal(t, e)
			var got wire.Entry
			if err := got.Decode(b); err != nil {
				t.Fatal(err)
			}
			if text := field(&got); text != "größe" {
				t.Errorf("got %q", text)
			}
			for other, f := range get {
				if text := f(&got); other != name && text != "" {
					t.Errorf("%s became %q", other, text)
				}
			}
			agreeOnEntry(t, b)
		})
	}
}

// TestEachFlag sets one response flag at a time: its field number is its bit.
func TestEachFlag(t *testing.T) {
	fields := (&datav3.ResponseFlags{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		flags := &datav3.ResponseFlags{}
		if fd.Message() != nil {
			flags.ProtoReflect().Mutable(fd)
		} else {
			flags.ProtoReflect().Set(fd, protoreflect.ValueOfBool(true))
		}
		var got wire.Entry
		if err := got.Decode(marshal(t, &datav3.HTTPAccessLogEntry{CommonProperties: &datav3.AccessLogCommon{ResponseFlags: flags}})); err != nil {
			t.Fatal(err)
		}
		if want := uint64(1) << (fd.Number() - 1); got.Common.Flags != want {
			t.Errorf("%s: flags %b, want %b", fd.Name(), got.Common.Flags, want)
		}
	}
}

// TestAnyPart decodes random parts of a full entry, each as a message of its own
// behind the other: they merge, as the generated decoder has them merge.
func TestAnyPart(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b, c []byte
		for range 1 + random.IntN(4) {
			part := alstest.Full()
			thin(part.ProtoReflect(), random)
			b = append(b, marshal(t, part)...)
			connection := alstest.FullConnection()
			thin(connection.ProtoReflect(), random)
			c = append(c, marshal(t, connection)...)
		}
		agreeOnEntry(t, b)
		agreeOnTCP(t, c)
	}
}

// thin clears half of the fields of a message.
func thin(m protoreflect.Message, random *rand.Rand) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case random.IntN(2) == 0:
			m.Clear(fd)
		case fd.Message() != nil && !fd.IsList() && !fd.IsMap():
			thin(v.Message(), random)
		}
		return true
	})
}

// TestUnknownFields puts fields of the future between those that are known.
func TestUnknownFields(t *testing.T) {
	future := join(varint(1000, 1), textField(1001, "x"), fixed64(1002, 1), group(1003, varint(1, 1)))
	plain := alstest.Inbound()
	spiced := proto.CloneOf(plain)
	spice(spiced.ProtoReflect(), future)
	var want, got wire.Entry
	if err := want.Decode(marshal(t, plain)); err != nil {
		t.Fatal(err)
	}
	b := marshal(t, spiced)
	if err := got.Decode(b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with fields of the future (-want +got):\n%s", diff)
	}
	agreeOnEntry(t, b)
}

// spice adds unknown fields to a message and all within it.
func spice(m protoreflect.Message, unknown []byte) {
	m.SetUnknown(unknown)
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.Message() != nil && !fd.IsList() && !fd.IsMap() {
			spice(v.Message(), unknown)
		}
		return true
	})
}
