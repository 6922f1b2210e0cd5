package mapping

import (
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// The values with which Istio says that it does not know.
const istioUnknown = "unknown"

// microseconds in a millisecond.
const usPerMS = 1000

// istioField knows the metrics of istio_stats (istio/proxy, since 2026-06
// envoyproxy/envoy:contrib/istio) that have a place in an EdgeSample. Byte
// histograms are read for their sums; the count of a histogram is that of its
// last bucket, and requests are counted by istio_requests_total.
func istioField(name string) (field Field, scale float64, verdict Verdict) {
	switch name {
	case "istio_requests_total":
		return Requests, 0, Mapped
	case "istio_request_duration_milliseconds_bucket":
		return LatencyBucket, 0, Mapped
	case "istio_request_duration_milliseconds_sum":
		return LatencySum, usPerMS, Mapped
	case "istio_request_bytes_sum":
		return RequestBytes, 0, Mapped
	case "istio_response_bytes_sum":
		return ResponseBytes, 0, Mapped
	case "istio_request_duration_milliseconds_count", "istio_request_bytes_count", "istio_response_bytes_count",
		"istio_request_bytes_bucket", "istio_response_bytes_bucket":
		return NoField, 0, Repeat
	}
	return NoField, 0, Unmapped
}

// istio maps Istio's standard metrics, of sidecars, gateways and waypoints.
// Label "mesh" names the mesh; Istio has none such, the target's labels do.
func istio(name string, labels Labels) (Place, Verdict) {
	field, scale, verdict := istioField(name)
	if verdict != Mapped {
		return Place{}, verdict
	}
	edge, ok := istioEdge(labels)
	if !ok {
		return Place{}, Unmapped
	}
	place := Place{Edge: edge, Field: field, Scale: scale}
	if field == LatencyBucket {
		if place.Bound, ok = istioBound(labels.Get("le")); !ok {
			return Place{}, Unmapped
		}
	}
	return place, Mapped
}

// istioEdge reads the labels that all metrics of a request share. Without a
// reporter that we know, nobody could tell to whose view it adds.
func istioEdge(labels Labels) (Edge, bool) {
	vantage, ok := istioVantage(labels.Get("reporter"))
	if !ok {
		return Edge{}, false
	}
	edge := Edge{
		Vantage:    vantage,
		Src:        istioSource(labels),
		Dst:        istioDestination(labels),
		Protocol:   labels.Get("request_protocol"),
		MTLS:       istioMTLS(labels.Get("connection_security_policy")),
		GRPCStatus: istioGRPC(labels.Get("grpc_response_status")),
		Flags:      istioFlags(labels.Get("response_flags")),
		Latency:    record.LatencyFull, // first byte in to last byte out, in whole ms
	}
	code, err := strconv.ParseUint(labels.Get("response_code"), 10, 16)
	if err == nil {
		edge.Code = uint16(code) // 0: no answer was sent
	}
	edge.Outcome = record.Classify(edge.Code, edge.GRPCStatus, edge.Flags, "")
	return edge, true
}

// istioVantage reads the reporter. A call through a waypoint is reported by
// the source and the waypoint: vantages are not added up, so it counts once.
func istioVantage(reporter string) (record.Vantage, bool) {
	switch reporter {
	case "source":
		return record.VantageClient, true
	case "destination":
		return record.VantageServer, true
	case "waypoint":
		return record.VantageGateway, true
	}
	return record.VantageUnknown, false
}

// istioMTLS reads the policy. The client's side always says "unknown".
func istioMTLS(policy string) record.MTLS {
	switch policy {
	case "mutual_tls":
		return record.MTLSMutual
	case "none":
		return record.MTLSNone
	}
	return record.MTLSUnknown
}

// istioGRPC reads a gRPC status; HTTP has an empty label, or none.
func istioGRPC(status string) int8 {
	n, err := strconv.ParseUint(status, 10, 8)
	if err != nil || n > math.MaxInt8 {
		return -1
	}
	return int8(n)
}

// istioFlags reads short codes that are joined by commas, "-" for none. Codes
// without a bit are left out.
func istioFlags(text string) record.Flags {
	var flags record.Flags
	for code := range strings.SplitSeq(text, ",") {
		flags |= flagOf(code)
	}
	return flags
}

// lastFlag is the highest that has a name.
const lastFlag = record.FlagDR

func flagOf(code string) record.Flags {
	for flag := record.Flags(1); flag <= lastFlag; flag <<= 1 {
		if flag.String() == code {
			return flag
		}
	}
	return 0
}

// istioBound reads the upper bound of a bucket in ms, and returns µs.
func istioBound(le string) (uint64, bool) {
	ms, err := strconv.ParseFloat(le, 64)
	switch {
	case err != nil, math.IsNaN(ms), ms < 0:
		return 0, false
	case ms*usPerMS >= math.MaxInt64:
		return NoBound, true
	}
	return uint64(math.Round(ms * usPerMS)), true
}

// known returns a label's value, "" for one with which Istio says that it does
// not know.
func known(labels Labels, name string) string {
	v := labels.Get(name)
	if v == istioUnknown || v == "-" {
		return ""
	}
	return v
}
