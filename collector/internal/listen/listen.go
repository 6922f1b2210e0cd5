package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// socketMode lets the group of the process connect, for proxies that run as
// other users.
const socketMode = fs.FileMode(0o660)

// Address is a parsed endpoint.
type Address struct {
	Network string // "tcp", "unix"; "fd" or "systemd" for one that is held
	Value   string // host:port, absolute path, number, or name
}

// Parse reads one of "host:port"; "unix:///absolute/path"; "fd:3" for a listening
// socket that the process was started with, by its number; "systemd" for the only
// one that came by socket activation, or "systemd:NAME" for that of several whose
// unit has this FileDescriptorName.
func Parse(endpoint string) (Address, error) {
	if rest, ok := strings.CutPrefix(endpoint, "unix:"); ok {
		path, ok := strings.CutPrefix(rest, "//")
		if !ok || !filepath.IsAbs(path) {
			return Address{}, fmt.Errorf("%q: the path of a socket must be absolute, as in unix:///run/plimsoll/als.sock", endpoint)
		}
		return Address{"unix", path}, nil
	}
	if number, ok := strings.CutPrefix(endpoint, "fd:"); ok {
		if n, err := strconv.Atoi(number); err != nil || n < firstFD {
			return Address{}, fmt.Errorf("%q: want the number of a passed socket from %d on, as in fd:%d", endpoint, firstFD, firstFD)
		}
		return Address{"fd", number}, nil
	}
	if scheme, name, _ := strings.Cut(endpoint, ":"); scheme == "systemd" {
		return Address{scheme, name}, nil
	}
	if _, _, err := net.SplitHostPort(endpoint); err != nil {
		return Address{}, fmt.Errorf("%q: want host:port, unix:///path, fd:3 or systemd: %w", endpoint, err)
	}
	return Address{"tcp", endpoint}, nil
}

// Held tells whether another process holds the socket open.
func (a Address) Held() bool { return a.Network == "fd" || a.Network == "systemd" }

// Remote tells whether other machines can reach the address, as far as its text
// tells: a held socket is to be looked at when it is open, by Reachable.
func (a Address) Remote() bool {
	if a.Network != "tcp" {
		return false
	}
	host, _, _ := net.SplitHostPort(a.Value)
	if host == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.IsLoopback()
}

// Reachable tells whether other machines can reach an open socket.
func Reachable(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}

// Listen opens an endpoint. A socket file that nobody listens on any more is
// replaced.
func Listen(endpoint string) (net.Listener, error) {
	a, err := Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	var listener net.Listener
	switch a.Network {
	case "systemd":
		listener, err = activated(a.Value)
	case "fd":
		fd, _ := strconv.Atoi(a.Value) // Parse has seen to it
		listener, err = adopt(fd)
	case "unix":
		listener, err = listenUnix(a.Value)
	default:
		listener, err = net.Listen(a.Network, a.Value)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", endpoint, err)
	}
	return listener, nil
}

func listenUnix(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(err, listener.Close())
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
