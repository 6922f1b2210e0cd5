package meshstore

import (
	"math"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// attribute takes one attribute of an entry. The names are those of the config
// in README.md; Envoy writes every value as text, "-" for none.
func (m *entryMaker) attribute(key string, v pcommon.Value) {
	if v.Type() == pcommon.ValueTypeInt {
		m.number(key, uint64(max(v.Int(), 0)))
		return
	}
	if v.Type() != pcommon.ValueTypeStr {
		return
	}
	text := told(v.Str())
	if text == "" {
		if key == "access_log.type" {
			m.typ = v.Str()
		}
		return
	}
	if dst := m.slot(key); dst != nil {
		*dst = text
		return
	}
	switch c := &m.entry.Common; key {
	case "response_flags":
		flags, _ := parseFlags(text)
		c.Flags = uint64(flags)
	case "upstream.address":
		c.Upstream = addressOf(text)
	case "http.request.method":
		m.entry.Request.Method = methods[text]
	case "network.protocol":
		m.entry.Version = versions[text]
	default:
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			m.number(key, n)
		}
	}
}

// slot returns where an attribute of text belongs, nil for any other.
func (m *entryMaker) slot(key string) *string {
	c, req, resp := &m.entry.Common, &m.entry.Request, &m.entry.Response
	switch key {
	case "access_log.type":
		return &m.typ
	case "mesh.direction":
		return &c.Tags.Direction
	case "dst.service":
		return &c.Tags.DstService
	case "dst.namespace":
		return &c.Tags.DstNamespace
	case "dst.workload":
		return &c.Tags.DstWorkload
	case "dst.version":
		return &c.Tags.DstVersion
	case "src.principal":
		return &c.Tags.SrcPrincipal
	case "dst.principal":
		return &c.Tags.DstPrincipal
	case "conn.tls":
		return &c.Tags.ConnTLS
	case "up.tls":
		return &c.Tags.UpTLS
	case "upstream.cluster":
		return &c.Cluster
	case "upstream.failure":
		return &c.Failure
	case "connection.ended":
		return &c.Ended
	case "route":
		return &c.Route
	case "stream.id":
		return &c.StreamID
	case "x-request-id":
		return &req.ID
	case "x-mesh-call":
		return &req.CallID
	case "x-mesh-peer":
		return &req.Peer
	case "x-envoy-attempt-count":
		return &req.AttemptCount
	case "traceparent":
		return &req.TraceParent
	case "content-type":
		return &req.ContentType
	case "grpc.status":
		return &resp.TrailerStatus
	case "response_code_details":
		return &resp.Details
	}
	return nil
}

// number takes an attribute that is a number. Times are microseconds since the
// request, or the try, began.
func (m *entryMaker) number(key string, n uint64) {
	c, req, resp := &m.entry.Common, &m.entry.Request, &m.entry.Response
	switch key {
	case "http.response.status_code":
		resp.Code = uint32(min(n, math.MaxUint32))
	case "upstream.attempts":
		c.Attempts = uint32(min(n, math.MaxUint32))
	case "duration_ms": // of a try, %DURATION% and its last byte, which is more precise
		c.Duration = later(c.Duration, times(n, time.Millisecond))
	case "last_upstream_rx_us":
		c.Duration = later(c.Duration, times(n, time.Microsecond))
	case "last_downstream_tx_us":
		c.LastDownstreamTx = times(n, time.Microsecond)
	case "first_upstream_tx_us":
		c.FirstUpstreamTx = times(n, time.Microsecond)
	case "last_upstream_tx_us":
		c.LastUpstreamTx = times(n, time.Microsecond)
	case "first_upstream_rx_us":
		c.FirstUpstreamRx = times(n, time.Microsecond)
	case "request.header_bytes":
		req.HeaderBytes = n
	case "request.body_bytes":
		req.BodyBytes = n
	case "response.header_bytes":
		resp.HeaderBytes = n
	case "response.body_bytes":
		resp.BodyBytes = n
	}
}

// maxTime bounds a time that an entry tells: a year.
const maxTime = 365 * 24 * time.Hour

func times(n uint64, unit time.Duration) wire.Span {
	return span(time.Duration(min(n, uint64(maxTime/unit))) * unit)
}

func later(a, b wire.Span) wire.Span {
	if a.Set && a.Duration() > b.Duration() {
		return a
	}
	return b
}

// methods and versions are what gRPC access logs have numbers for
// (envoy.config.core.v3.RequestMethod).
var (
	methods = map[string]wire.Method{
		"GET": 1, "HEAD": 2, "POST": 3, "PUT": 4, "DELETE": 5, "CONNECT": 6, "OPTIONS": 7, "TRACE": 8, "PATCH": 9,
	}
	versions = map[string]wire.Version{
		"HTTP/1.0": wire.HTTP10, "HTTP/1.1": wire.HTTP11, "HTTP/2": wire.HTTP2, "HTTP/3": wire.HTTP3,
	}
)

// addressOf reads "ip:port", "[ip]:port" or the path of a socket.
func addressOf(text string) wire.Address {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || strings.HasPrefix(text, "/") {
		return wire.Address{Host: text, Pipe: true}
	}
	port, err := strconv.ParseUint(text[i+1:], 10, 16)
	if err != nil {
		return wire.Address{Host: text, Pipe: true}
	}
	return wire.Address{Host: strings.Trim(text[:i], "[]"), Port: uint32(port)}
}
