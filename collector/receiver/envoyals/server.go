package envoyals

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Bounds of the server. Windows are fixed, which turns off their growth by
// measured bandwidth: a stream that is not read holds at most one window and
// one message.
const (
	maxMessage        = 16 << 20 // bytes; a 1 MiB buffer of Envoy plus its identifier fits well
	maxStreamsPerConn = 256      // an Envoy opens workers × access loggers
	streamWindow      = 1 << 20
	connWindow        = 4 << 20
	socketMode        = fs.FileMode(0o660)
)

// newServer returns a gRPC server that hands each access log stream to handler.
func newServer(handler grpc.StreamHandler) *grpc.Server {
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxConcurrentStreams(maxStreamsPerConn),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connWindow),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "envoy.service.accesslog.v3.AccessLogService",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "StreamAccessLogs", Handler: handler, ClientStreams: true}},
		Metadata:    "envoy/service/accesslog/v3/als.proto",
	}, nil)
	return server
}

// listen opens the endpoint. A socket file that nobody listens on any more is
// replaced.
func listen(endpoint string) (net.Listener, error) {
	network, address, err := splitEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		if err := removeStale(address); err != nil {
			return nil, fmt.Errorf("listening on %s: %w", endpoint, err)
		}
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", endpoint, err)
	}
	if network == "unix" {
		if err := os.Chmod(address, socketMode); err != nil {
			return nil, errors.Join(fmt.Errorf("listening on %s: %w", endpoint, err), listener.Close())
		}
	}
	return listener, nil
}

// removeStale removes a socket that a killed process left behind. Whatever else
// is at the path stays, and makes listening fail.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return nil
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		return errors.Join(errors.New("another process listens on this socket; stop it or choose another path"), conn.Close())
	}
	return os.Remove(path)
}
