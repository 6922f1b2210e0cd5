package child

import (
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	servicev3 "github.com/envoyproxy/go-control-plane/envoy/service/accesslog/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// generatedDecoder reads by the generated code and feeds the same columns. It
// takes over what the recording has; response flags are rare in it and left out.
func generatedDecoder(b []byte, received time.Time, to *rowsTo) (n int, err error) {
	var m servicev3.StreamAccessLogsMessage
	if err := proto.Unmarshal(b, &m); err != nil {
		return 0, err
	}
	var e wire.Entry
	for _, entry := range m.GetHttpLogs().GetLogEntry() {
		take(&e, entry)
		if err := to.entry(&e, received); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func take(e *wire.Entry, from *datav3.HTTPAccessLogEntry) {
	q, p := from.GetRequest(), from.GetResponse()
	headers := q.GetRequestHeaders()
	*e = wire.Entry{
		HasCommon: from.CommonProperties != nil,
		Version:   wire.Version(from.ProtocolVersion),
		Request: wire.Request{
			Method: wire.Method(q.GetRequestMethod()), ID: q.GetRequestId(),
			HeaderBytes: q.GetRequestHeadersBytes(), BodyBytes: q.GetRequestBodyBytes(),
			CallID: headers["x-mesh-call"], AttemptCount: headers["x-envoy-attempt-count"], Peer: headers["x-mesh-peer"],
			TraceParent: headers["traceparent"], ContentType: headers["content-type"],
		},
		Response: wire.Response{
			Code: p.GetResponseCode().GetValue(), Details: p.GetResponseCodeDetails(),
			HeaderBytes: p.GetResponseHeadersBytes(), BodyBytes: p.GetResponseBodyBytes(),
		},
	}
	takeCommon(&e.Common, from.GetCommonProperties())
}

func takeCommon(c *wire.Common, from *datav3.AccessLogCommon) {
	tags := from.GetCustomTags()
	*c = wire.Common{
		Type:             wire.Type(from.GetAccessLogType()),
		Start:            wire.Span{Seconds: from.GetStartTime().GetSeconds(), Nanos: from.GetStartTime().GetNanos(), Set: from.GetStartTime() != nil},
		Duration:         span(from.GetDuration()),
		FirstUpstreamTx:  span(from.GetTimeToFirstUpstreamTxByte()),
		LastUpstreamTx:   span(from.GetTimeToLastUpstreamTxByte()),
		FirstUpstreamRx:  span(from.GetTimeToFirstUpstreamRxByte()),
		LastDownstreamTx: span(from.GetTimeToLastDownstreamTxByte()),
		Upstream:         address(from.GetUpstreamRemoteAddress()),
		Cluster:          from.GetUpstreamCluster(),
		Route:            from.GetRouteName(),
		Failure:          from.GetUpstreamTransportFailureReason(),
		StreamID:         from.GetStreamId(),
		Attempts:         from.GetUpstreamRequestAttemptCount(),
		Tags: wire.Tags{
			Direction: tags["mesh.direction"], DstService: tags["dst.service"], DstNamespace: tags["dst.namespace"],
			DstWorkload: tags["dst.workload"], DstVersion: tags["dst.version"], SrcPrincipal: tags["src.principal"],
			DstPrincipal: tags["dst.principal"], ConnTLS: tags["conn.tls"], UpTLS: tags["up.tls"],
		},
	}
}

func span(d *durationpb.Duration) wire.Span {
	return wire.Span{Seconds: d.GetSeconds(), Nanos: d.GetNanos(), Set: d != nil}
}

func address(a *corev3.Address) wire.Address {
	s := a.GetSocketAddress()
	return wire.Address{Host: s.GetAddress(), Port: s.GetPortValue()}
}
