// Package guard keeps webhooks from being turned against the network they are
// sent from (server-side request forgery): it decides by the address that is
// dialled, after the name was resolved, so a name that resolves to something
// else the second time changes nothing.
//
// Addresses of link-local and metadata services, multicast and unspecified
// ones are never dialled. Private and loopback ones are, if the configuration
// says so, or if the URL names the address itself: then it was meant.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// ErrForbidden is wrapped by the error of a connection that must not be made.
var ErrForbidden = errors.New("the address is forbidden")

const dialTimeout = 5 * time.Second

// metadata are the addresses of cloud metadata services outside the link-local
// ranges: AWS over IPv6, Alibaba, Oracle's older one and Azure's wire server.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("192.0.0.192"), netip.MustParseAddr("168.63.129.16"),
}

// shared are ranges that are private though netip does not say so: carrier-grade
// NAT (RFC 6598), "this network", benchmarking and the old class E.
var shared = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
}

// embedded are prefixes whose last four bytes are an IPv4 address that a
// translator would go on to: NAT64 (RFC 6052) and its local form (RFC 8215).
var embedded = []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48")}

// Check says why an address must not be dialled.
func Check(addr netip.Addr, private bool) error {
	addr = plain(addr)
	switch {
	case !addr.IsValid() || addr.IsUnspecified():
		return fmt.Errorf("dialling %s: %w: it is no address of a host", addr, ErrForbidden)
	case addr.IsLinkLocalUnicast() || isOneOf(addr, metadata):
		return fmt.Errorf("dialling %s: %w: link-local and metadata services are never dialled", addr, ErrForbidden)
	case addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("dialling %s: %w: it is a multicast or broadcast address", addr, ErrForbidden)
	case !private && isPrivate(addr):
		return fmt.Errorf("dialling %s: %w: it is private; set allow_private if that is meant", addr, ErrForbidden)
	}
	return nil
}

// plain takes an IPv4 address out of the IPv6 forms that hold one.
func plain(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	for _, p := range embedded {
		if p.Contains(addr) {
			b := addr.As16()
			return netip.AddrFrom4([4]byte(b[12:]))
		}
	}
	return addr
}

func isPrivate(addr netip.Addr) bool {
	if addr.IsPrivate() || addr.IsLoopback() {
		return true
	}
	for _, p := range shared {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func isOneOf(addr netip.Addr, list []netip.Addr) bool {
	for _, a := range list {
		if a == addr {
			return true
		}
	}
	return false
}

// Named tells whether a host of a URL names its address itself: it is an IP
// address or localhost.
func Named(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}

// DialContext returns a dial function for an http.Transport that refuses the
// addresses which Check refuses.
func DialContext(private bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("dialling %q: %w", address, ErrForbidden)
		}
		return Check(to.Addr(), private)
	}}
	return d.DialContext
}
