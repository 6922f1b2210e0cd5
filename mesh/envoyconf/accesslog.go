package envoyconf

import (
	"time"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	grpclogv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/grpc/v3"
	metadatav3 "github.com/envoyproxy/go-control-plane/envoy/type/metadata/v3"
	tracingv3 "github.com/envoyproxy/go-control-plane/envoy/type/tracing/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type direction string

const (
	inbound  direction = "inbound"
	outbound direction = "outbound"
)

const (
	// logBuffer holds some 1,300 rows per stream while the receiver is away;
	// what does not fit is counted in logs_dropped.
	logBuffer = 1 << 20
	// logFlush bounds how long a row may wait for company. It is half of the
	// collector's block age of 1 s, so that a block mostly holds the rows of its
	// own second, and at 100 requests a second a message still carries 50 rows.
	logFlush = 500 * time.Millisecond
)

// Headers that both kinds of rows carry: the join key of a call, the number of
// the try, the caller's own words about itself and its route (peer.go), the trace.
const (
	callHeader    = "x-mesh-call"
	peerHeader    = "x-mesh-peer"
	attemptHeader = "x-envoy-attempt-count"
	traceHeader   = "traceparent"
)

// grpcLog streams rows to the collector by Envoy's access-log service.
func (b *builder) grpcLog(name string, d direction) *accesslogv3.AccessLog {
	config := &grpclogv3.HttpGrpcAccessLogConfig{
		CommonConfig: &grpclogv3.CommonGrpcAccessLogConfig{
			LogName:             name,
			TransportApiVersion: corev3.ApiVersion_V3,
			BufferFlushInterval: durationpb.New(logFlush),
			BufferSizeBytes:     wrapperspb.UInt32(logBuffer),
			CustomTags:          tags(d),
			GrpcService: &corev3.GrpcService{TargetSpecifier: &corev3.GrpcService_EnvoyGrpc_{
				EnvoyGrpc: &corev3.GrpcService_EnvoyGrpc{ClusterName: CollectorName},
			}},
		},
		AdditionalRequestHeadersToLog:   []string{callHeader, attemptHeader, peerHeader, traceHeader},
		AdditionalResponseHeadersToLog:  []string{"grpc-status"},
		AdditionalResponseTrailersToLog: []string{"grpc-status"},
	}
	return &accesslogv3.AccessLog{
		Name:       "envoy.access_loggers.http_grpc",
		ConfigType: &accesslogv3.AccessLog_TypedConfig{TypedConfig: b.any(config)},
	}
}

// tags are what a row says beyond Envoy's own fields; Envoy leaves a tag
// without a value out.
func tags(d direction) []*tracingv3.CustomTag {
	list := []*tracingv3.CustomTag{
		{Tag: "mesh.direction", Type: &tracingv3.CustomTag_Literal_{Literal: &tracingv3.CustomTag_Literal{Value: string(d)}}},
	}
	if d == outbound {
		list = append(list,
			metadataTag("dst.service", routeMetadata(), "service"),
			metadataTag("dst.namespace", routeMetadata(), "namespace"),
			metadataTag("dst.workload", hostMetadata(), "workload"),
			metadataTag("dst.version", hostMetadata(), "version"),
		)
	}
	return append(list,
		valueTag("src.principal", "%DOWNSTREAM_PEER_URI_SAN%"),
		valueTag("dst.principal", "%UPSTREAM_PEER_URI_SAN%"),
		valueTag("conn.tls", "%DOWNSTREAM_TLS_VERSION%"),
		valueTag("up.tls", "%UPSTREAM_TLS_VERSION%"),
	)
}

func valueTag(tag, format string) *tracingv3.CustomTag {
	return &tracingv3.CustomTag{Tag: tag, Type: &tracingv3.CustomTag_Value{Value: format}}
}

func metadataTag(tag string, kind *metadatav3.MetadataKind, key string) *tracingv3.CustomTag {
	return &tracingv3.CustomTag{Tag: tag, Type: &tracingv3.CustomTag_Metadata_{Metadata: &tracingv3.CustomTag_Metadata{
		Kind: kind,
		MetadataKey: &metadatav3.MetadataKey{
			Key: MetadataKey,
			Path: []*metadatav3.MetadataKey_PathSegment{
				{Segment: &metadatav3.MetadataKey_PathSegment_Key{Key: key}},
			},
		},
	}}}
}

func routeMetadata() *metadatav3.MetadataKind {
	return &metadatav3.MetadataKind{Kind: &metadatav3.MetadataKind_Route_{Route: &metadatav3.MetadataKind_Route{}}}
}

func hostMetadata() *metadatav3.MetadataKind {
	return &metadatav3.MetadataKind{Kind: &metadatav3.MetadataKind_Host_{Host: &metadatav3.MetadataKind_Host{}}}
}
