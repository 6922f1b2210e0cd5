package envoyals

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
)

// Bounds of the server. Windows are fixed, which turns off their growth by
// measured bandwidth: a stream that is not read holds at most one window and
// one message.
const (
	maxMessage        = 16 << 20 // bytes; a 1 MiB buffer of Envoy plus its identifier fits well
	maxStreamsPerConn = 256      // an Envoy opens workers × access loggers
	streamWindow      = 256 << 10
	connWindow        = 4 << 20
	greetTimeout      = 10 * time.Second // for the handshakes of a connection
)

// newServer returns a gRPC server that hands each access log stream to handler.
func newServer(handler grpc.StreamHandler, options ...grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append(options,
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.ConnectionTimeout(greetTimeout),
		grpc.MaxConcurrentStreams(maxStreamsPerConn),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connWindow),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)...)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "envoy.service.accesslog.v3.AccessLogService",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "StreamAccessLogs", Handler: handler, ClientStreams: true}},
		Metadata:    "envoy/service/accesslog/v3/als.proto",
	}, nil)
	return server
}

// credentials are the server options that a config's TLS asks for.
func (c *Config) credentials(ctx context.Context) ([]grpc.ServerOption, error) {
	if !c.TLS.HasValue() {
		return nil, nil
	}
	tls, err := c.TLS.Get().LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("setting up TLS for %s: %w", c.Endpoint, err)
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewTLS(tls))}, nil
}
