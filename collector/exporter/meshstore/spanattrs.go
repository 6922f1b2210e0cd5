package meshstore

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// peerRank orders what can tell the other end of a span: the higher, the more
// it is believed.
type peerRank uint8

const (
	peerAddress peerRank = iota + 1 // network.peer.address
	peerServer                      // server.address
	peerCluster                     // Envoy's upstream cluster
	peerService                     // peer.service
	peerName                        // service.peer.name
)

// field takes an attribute that a row has a field for, and tells whether it
// need not be kept beside it. Envoy's tracer writes the classic names (HTTP of
// OpenTracing's days) or those of OpenTelemetry's semantic conventions, and all
// values as text (envoy:source/common/tracing/common_values.h).
func (m *spanMaker) field(key string, v pcommon.Value) bool {
	switch key {
	case "http.status_code", "http.response.status_code":
		return m.code(v)
	case "response_flags":
		return m.flags(v)
	case "component":
		m.isProxy = m.isProxy || v.Type() == pcommon.ValueTypeStr && v.Str() == "proxy"
	case "node_id":
		return setText(&m.span.Proxy, v)
	case "guid:x-request-id", "http.request.header.x-request-id":
		return setText(&m.span.RequestID, v)
	case "mesh.call", "http.request.header.x-mesh-call":
		return m.call(v)
	case "service.peer.name":
		m.peer(peerName, v)
	case "peer.service":
		m.peer(peerService, v)
	case "upstream_cluster", "upstream_cluster.name":
		m.peerOfCluster(v)
	case "server.address", "net.peer.name":
		m.peerOfClient(peerServer, v)
	case "network.peer.address", "net.sock.peer.addr", "peer.address":
		m.peerOfClient(peerAddress, v)
	}
	return false
}

// code takes an HTTP status, a number or a number as text; 0 is none.
func (m *spanMaker) code(v pcommon.Value) bool {
	var n uint64
	switch v.Type() {
	case pcommon.ValueTypeInt:
		n = uint64(v.Int())
	case pcommon.ValueTypeStr:
		var err error
		if n, err = strconv.ParseUint(v.Str(), 10, 16); err != nil {
			return told(v.Str()) == ""
		}
	default:
		return false
	}
	if n > math.MaxUint16 {
		return false
	}
	m.span.Code = uint16(n)
	return true
}

// flags takes Envoy's response flags. With one that has no bit the text is kept
// as well.
func (m *spanMaker) flags(v pcommon.Value) bool {
	if v.Type() != pcommon.ValueTypeStr {
		return false
	}
	flags, all := parseFlags(v.Str())
	m.span.Flags = flags
	return all
}

func (m *spanMaker) call(v pcommon.Value) bool {
	var text string
	if !setText(&text, v) {
		return false
	}
	m.span.CallID = callID(text)
	return m.span.CallID != [16]byte{}
}

// setText takes a text, or the one element of a list, as OpenTelemetry has the
// values of a header.
func setText(dst *string, v pcommon.Value) bool {
	if v.Type() == pcommon.ValueTypeSlice && v.Slice().Len() == 1 {
		v = v.Slice().At(0)
	}
	if v.Type() != pcommon.ValueTypeStr {
		return false
	}
	*dst = told(v.Str())
	return true
}

// peer takes a name of the other end, unless a better one is known.
func (m *spanMaker) peer(rank peerRank, v pcommon.Value) {
	if v.Type() == pcommon.ValueTypeStr {
		m.peerText(rank, v.Str())
	}
}

func (m *spanMaker) peerText(rank peerRank, text string) {
	if rank > m.peerRank && told(text) != "" {
		m.span.Peer, m.peerRank = text, rank
	}
}

// peerOfClient is peer for what names the other end only in a span of the
// caller: in one of the server it is the server itself, or an address that its
// clients choose.
func (m *spanMaker) peerOfClient(rank peerRank, v pcommon.Value) {
	if k := m.span.Kind; k == record.SpanClient || k == record.SpanProducer {
		m.peer(rank, v)
	}
}

// peerOfCluster takes the service of an upstream cluster
// "outbound|<port>|<subset>|<service>.<namespace>", else the cluster's name.
// What a proxy sends to its own application has no other end.
func (m *spanMaker) peerOfCluster(v pcommon.Value) {
	if v.Type() != pcommon.ValueTypeStr || strings.HasPrefix(v.Str(), "inbound|") {
		return
	}
	name := v.Str()
	if i := strings.LastIndexByte(name, '|'); i >= 0 {
		name, _, _ = strings.Cut(name[i+1:], ".")
	}
	m.peerText(peerCluster, name)
}
