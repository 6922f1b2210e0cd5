package envoyals

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// firstPassed is the number of the first socket that a process can be started
// with (sd_listen_fds(3): SD_LISTEN_FDS_START).
const firstPassed = 3

// endpoint is a parsed Config.Endpoint. Exactly one of the three ways is set.
type endpoint struct {
	text             string
	network, address string // to listen on, as net.Listen wants them
	fd               int    // of a socket that was passed, by its number
	activated        bool   // by socket activation, under this name
	name             string // "": the only one
}

// parseEndpoint reads an endpoint of a config.
func parseEndpoint(text string) (endpoint, error) {
	e := endpoint{text: text}
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "unix":
		path, ok := strings.CutPrefix(rest, "//")
		if !ok || !filepath.IsAbs(path) {
			return e, fmt.Errorf("endpoint: %q: the path of a socket must be absolute, as in unix:///run/plimsoll/als.sock", text)
		}
		e.network, e.address = "unix", path
		return e, nil
	case "fd":
		n, err := strconv.Atoi(rest)
		if err != nil || n < firstPassed {
			return e, fmt.Errorf("endpoint: %q: want the number of a passed socket from %d on, as in fd:%d", text, firstPassed, firstPassed)
		}
		e.fd = n
		return e, nil
	case "systemd":
		e.activated, e.name = true, rest
		return e, nil
	}
	if _, _, err := net.SplitHostPort(text); err != nil {
		return e, fmt.Errorf("endpoint: %q: want host:port, unix:///path, fd:3 or systemd: %w", text, err)
	}
	e.network, e.address = "tcp", text
	return e, nil
}

// passed tells whether another process holds the socket.
func (e *endpoint) passed() bool { return e.fd != 0 || e.activated }

// remote tells whether other machines can reach the endpoint, as far as its
// text tells: a passed socket is looked at when it is opened.
func (e *endpoint) remote() bool {
	if e.network != "tcp" {
		return false
	}
	host, _, _ := net.SplitHostPort(e.address)
	if host == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.IsLoopback()
}

// remoteAddr tells the same of the address of an open socket.
func remoteAddr(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}
