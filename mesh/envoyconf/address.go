package envoyconf

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
)

// loopback is where a workload's own application and proxy meet.
const loopback = "127.0.0.1"

func socket(ip string, port int) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address:       ip,
		PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: uint32(port)},
	}}}
}

// pipe is a unix socket; mode 0 leaves its permissions alone.
func pipe(path string, mode uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: path, Mode: mode}}}
}

// parseAddress reads "host:port" or the path of a unix socket. The bool tells
// that the host is a name.
func parseAddress(s string) (*corev3.Address, bool, error) {
	if path := strings.TrimPrefix(s, "unix:"); strings.HasPrefix(path, "/") {
		return pipe(path, 0), false, nil
	}
	host, portText, err := net.SplitHostPort(s)
	if err != nil {
		return nil, false, fmt.Errorf("reading address %q (host:port or the path of a unix socket): %w", s, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, false, fmt.Errorf("reading port of address %q: %w", s, err)
	}
	_, notIP := netip.ParseAddr(host)
	return socket(host, int(port)), notIP != nil, nil
}
