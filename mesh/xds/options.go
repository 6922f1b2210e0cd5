package xds

import (
	"context"
	"log/slog"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Bounds of the transport.
const (
	maxMessage    = 4 << 20 // bytes received; Envoy's first message has a node of 61 KB
	maxNodeBytes  = 512 << 10
	maxStreams    = 8     // at once on one connection; Envoy opens one
	maxSessions   = 20000 // at once on the server, those of unknown proxies included
	firstMessage  = 10 * time.Second
	slowestSend   = time.Minute      // for which a response may wait for the proxy to read
	connectionAge = 30 * time.Minute // ± 10 %: below the lifetime of a certificate
	ageGrace      = 10 * time.Second
	keepaliveTime = 20 * time.Second
	keepaliveWait = 10 * time.Second
	keepaliveLow  = 5 * time.Second // between pings of a proxy
)

// Options of a Server.
type Options struct {
	// Authorize names the proxy that opens a stream, or refuses it. The node is
	// what the proxy claims; the context carries its verified identity. An error
	// with a gRPC status is passed on, any other becomes PermissionDenied.
	Authorize func(ctx context.Context, node *corev3.Node) (proxy string, err error)
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// ServerOptions are the bounds that the gRPC server of a Server must have.
// Transport credentials are the caller's to add.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: keepaliveTime, Timeout: keepaliveWait,
			MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: ageGrace,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveLow, PermitWithoutStream: true}),
	}
}
