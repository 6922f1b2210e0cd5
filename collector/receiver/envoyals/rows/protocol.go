package rows

import (
	"strconv"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// noGRPC is the gRPC status of a row that has none.
const noGRPC = -1

// grpcStatus returns the gRPC status of an entry: that of the trailers, else
// that of a trailers-only answer, which Envoy logs as header.
func grpcStatus(r *wire.Response) int8 {
	text := first2(r.TrailerStatus, r.HeaderStatus)
	if text == "" {
		return noGRPC
	}
	status, err := strconv.ParseInt(text, 10, 8)
	if err != nil || status < 0 {
		return noGRPC
	}
	return int8(status)
}

// protocolOf names the protocol of a request: "grpc" when a content type or a
// status says so, else the HTTP version, "" when Envoy does not tell it.
func protocolOf(e *wire.Entry, status int8) string {
	if status != noGRPC || isGRPC(e.Request.ContentType) || isGRPC(e.Response.ContentType) {
		return "grpc"
	}
	switch e.Version {
	case wire.HTTP10, wire.HTTP11:
		return "http1"
	case wire.HTTP2:
		return "http2"
	case wire.HTTP3:
		return "http3"
	}
	return ""
}

// isGRPC accepts application/grpc, application/grpc+proto and the like, but
// not application/grpc-web, whose status is in the body.
func isGRPC(contentType string) bool {
	rest, ok := strings.CutPrefix(contentType, "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}
