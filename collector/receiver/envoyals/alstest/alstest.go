// Package alstest makes access log messages for tests, by the generated code.
package alstest

import (
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Start is the start time of the entries.
func Start() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 250_000_000, time.UTC) }

// Node returns the node of reviews-v2's sidecar.
func Node() *corev3.Node {
	fields := map[string]*structpb.Value{}
	for key, value := range map[string]string{
		"MESH_ID": "bookinfo", "CLUSTER_ID": "local", "NAMESPACE": "shop", "WORKLOAD": "reviews-v2", "SERVICE": "reviews",
		"VERSION": "v2", "SERVICE_ACCOUNT": "reviews", "PROXY_KIND": "sidecar",
	} {
		fields[key] = structpb.NewStringValue(value)
	}
	fields["INTERCEPTION"] = structpb.NewBoolValue(true)
	return &corev3.Node{
		Id:                   "sidecar~127.0.0.1~reviews-v2.shop~bookinfo",
		Cluster:              "reviews.shop",
		Metadata:             &structpb.Struct{Fields: fields},
		UserAgentName:        "envoy",
		UserAgentVersionType: &corev3.Node_UserAgentVersion{UserAgentVersion: "1.40.0"},
		Extensions:           []*corev3.Extension{{Name: "envoy.filters.http.router", Category: "envoy.filters.http"}},
	}
}

// Identifier returns the identifier of a stream of that sidecar.
func Identifier(logName string) *servicev3.StreamAccessLogsMessage_Identifier {
	return &servicev3.StreamAccessLogsMessage_Identifier{Node: Node(), LogName: logName}
}

// Message returns a message with HTTP entries; without identifier where it is
// nil.
func Message(id *servicev3.StreamAccessLogsMessage_Identifier, entries ...*datav3.HTTPAccessLogEntry) *servicev3.StreamAccessLogsMessage {
	return &servicev3.StreamAccessLogsMessage{
		Identifier: id,
		LogEntries: &servicev3.StreamAccessLogsMessage_HttpLogs{
			HttpLogs: &servicev3.StreamAccessLogsMessage_HTTPAccessLogEntries{LogEntry: entries},
		},
	}
}

// TCPMessage returns a message with TCP entries; without identifier where it is
// nil.
func TCPMessage(id *servicev3.StreamAccessLogsMessage_Identifier, entries ...*datav3.TCPAccessLogEntry) *servicev3.StreamAccessLogsMessage {
	return &servicev3.StreamAccessLogsMessage{
		Identifier: id,
		LogEntries: &servicev3.StreamAccessLogsMessage_TcpLogs{
			TcpLogs: &servicev3.StreamAccessLogsMessage_TCPAccessLogEntries{LogEntry: entries},
		},
	}
}

// Outbound returns the entry of a call from reviews-v2 to ratings-v1 that
// succeeded at the second try.
func Outbound() *datav3.HTTPAccessLogEntry {
	return &datav3.HTTPAccessLogEntry{
		CommonProperties: &datav3.AccessLogCommon{
			StartTime:                   timestamppb.New(Start()),
			TimeToLastRxByte:            durationpb.New(100 * time.Microsecond),
			TimeToFirstUpstreamTxByte:   durationpb.New(300 * time.Microsecond),
			TimeToLastUpstreamTxByte:    durationpb.New(350 * time.Microsecond),
			TimeToFirstUpstreamRxByte:   durationpb.New(40 * time.Millisecond),
			TimeToLastUpstreamRxByte:    durationpb.New(41 * time.Millisecond),
			TimeToFirstDownstreamTxByte: durationpb.New(41 * time.Millisecond),
			TimeToLastDownstreamTxByte:  durationpb.New(42 * time.Millisecond),
			Duration:                    durationpb.New(42_500 * time.Microsecond),
			DownstreamRemoteAddress:     Socket("127.0.0.1", 40000),
			DownstreamLocalAddress:      Socket("127.0.0.1", 15001),
			UpstreamRemoteAddress:       Socket("127.0.0.1", 9080),
			UpstreamCluster:             "outbound|9080||ratings.shop",
			RouteName:                   "ratings-default",
			ResponseFlags:               &datav3.ResponseFlags{UpstreamOverflow: true},
			UpstreamRequestAttemptCount: 2,
			StreamId:                    "0e3f-stream",
			AccessLogType:               datav3.AccessLogType_DownstreamEnd,
			DownstreamWireBytesSent:     900,
			CustomTags: map[string]string{
				"mesh.direction": "outbound", "dst.service": "ratings", "dst.namespace": "shop", "dst.workload": "ratings-v1",
				"dst.version": "v1", "dst.principal": "spiffe://bookinfo/ns/shop/sa/ratings", "up.tls": "TLSv1.3", "team": "reading",
			},
		},
		ProtocolVersion: datav3.HTTPAccessLogEntry_HTTP11,
		Request: &datav3.HTTPRequestProperties{
			RequestMethod:       corev3.RequestMethod_GET,
			Scheme:              "http",
			Authority:           "ratings.shop",
			Path:                "/ratings/7?user=42",
			UserAgent:           "curl",
			RequestId:           "c0ffee00-0000-4000-8000-000000000001",
			RequestHeadersBytes: 200,
			RequestBodyBytes:    30,
			RequestHeaders: map[string]string{
				"x-mesh-call": "0190a0b0-1111-7222-8333-444455556666", "x-envoy-attempt-count": "2",
				"traceparent": "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01",
			},
		},
		Response: &datav3.HTTPResponseProperties{
			ResponseCode:         wrapperspb.UInt32(200),
			ResponseHeadersBytes: 120,
			ResponseBodyBytes:    1000,
			ResponseCodeDetails:  "via_upstream",
			ResponseHeaders:      map[string]string{"content-type": "application/json"},
		},
	}
}

// Inbound returns the entry of a call by productpage-v1 that reviews-v2
// received over mutual TLS.
func Inbound() *datav3.HTTPAccessLogEntry {
	e := Outbound()
	c := e.CommonProperties
	c.UpstreamCluster, c.RouteName, c.UpstreamRequestAttemptCount = "inbound|9080", "inbound", 1
	c.ResponseFlags = nil
	c.CustomTags = map[string]string{"mesh.direction": "inbound", "conn.tls": "TLSv1.3"}
	c.TlsProperties = &datav3.TLSProperties{
		TlsVersion:                 datav3.TLSProperties_TLSv1_3,
		TlsSniHostname:             "outbound_.9080_._.reviews.shop",
		LocalCertificateProperties: Certificate("spiffe://bookinfo/ns/shop/sa/reviews"),
		PeerCertificateProperties:  Certificate("spiffe://bookinfo/ns/shop/sa/productpage"),
	}
	e.ProtocolVersion = datav3.HTTPAccessLogEntry_HTTP2
	e.Request.RequestHeaders["x-mesh-peer"] = "m=bookinfo;c=local;n=shop;w=productpage-v1;s=productpage;v=v1;r=reviews"
	return e
}

// Try returns the entry of the first try of Outbound, which timed out.
func Try() *datav3.HTTPAccessLogEntry {
	e := Outbound()
	c := e.CommonProperties
	c.AccessLogType = datav3.AccessLogType_UpstreamEnd
	c.Duration = durationpb.New(100 * time.Millisecond)
	c.TimeToFirstUpstreamRxByte, c.TimeToLastUpstreamRxByte, c.TimeToLastDownstreamTxByte = nil, nil, nil
	c.ResponseFlags = &datav3.ResponseFlags{UpstreamRequestTimeout: true}
	c.UpstreamTransportFailureReason = "connection reset"
	c.StreamId, c.UpstreamRequestAttemptCount = "", 0
	e.Request.RequestHeaders["x-envoy-attempt-count"] = "1"
	e.Response = &datav3.HTTPResponseProperties{}
	return e
}

// Connection returns the entry of a connection from reviews-v2 to a database
// that was open for two minutes.
func Connection() *datav3.TCPAccessLogEntry {
	return &datav3.TCPAccessLogEntry{
		CommonProperties: &datav3.AccessLogCommon{
			StartTime:             timestamppb.New(Start().Add(-2 * time.Minute)),
			Duration:              durationpb.New(2 * time.Minute),
			UpstreamRemoteAddress: Socket("10.0.0.9", 5432),
			UpstreamCluster:       "outbound|5432||db.data",
			AccessLogType:         datav3.AccessLogType_TcpConnectionEnd,
			CustomTags: map[string]string{
				"mesh.direction": "outbound", "dst.workload": "db-0", "dst.principal": "spiffe://bookinfo/ns/data/sa/db", "up.tls": "TLSv1.3",
			},
		},
		ConnectionProperties: &datav3.ConnectionProperties{ReceivedBytes: 4_000, SentBytes: 250_000},
	}
}

// Arrival returns the entry of a connection that the sidecar of reviews-v2
// accepted from productpage-v1 over mutual TLS, as Istio logs it.
func Arrival() *datav3.TCPAccessLogEntry {
	e := Connection()
	c := e.CommonProperties
	c.UpstreamCluster, c.CustomTags = "inbound|9080||", nil
	c.TlsProperties = Inbound().CommonProperties.TlsProperties
	c.FilterStateObjects = map[string]*anypb.Any{"downstream_peer": Object(Workload("shop", "productpage-v1", "productpage", "v1"))}
	return e
}

// Workload returns a peer object of Istio since 1.24.
func Workload(namespace, workload, service, revision string) *structpb.Struct {
	fields := map[string]*structpb.Value{}
	for key, value := range map[string]string{
		"namespace": namespace, "workload": workload, "service": service, "revision": revision,
		"cluster": "local", "name": workload + "-5d4c", "app": service, "version": revision, "type": "deployment",
	} {
		fields[key] = structpb.NewStringValue(value)
	}
	return &structpb.Struct{Fields: fields}
}

// Object packs a message as an object of the filter state.
func Object(m proto.Message) *anypb.Any {
	object, err := anypb.New(m)
	if err != nil {
		panic(err) // only for messages that cannot be encoded
	}
	return object
}

// Certificate returns certificate properties with a DNS name and a URI.
func Certificate(uri string) *datav3.TLSProperties_CertificateProperties {
	return &datav3.TLSProperties_CertificateProperties{
		SubjectAltName: []*datav3.TLSProperties_CertificateProperties_SubjectAltName{
			{San: &datav3.TLSProperties_CertificateProperties_SubjectAltName_Dns{Dns: "reviews.shop"}},
			{San: &datav3.TLSProperties_CertificateProperties_SubjectAltName_Uri{Uri: uri}},
		},
		Issuer: "CN=plimsoll",
	}
}

// Socket returns a TCP address.
func Socket(ip string, port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: ip, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}
