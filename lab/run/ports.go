package run

import (
	"fmt"
	"net"
	"strconv"
)

// ports hands out loopback ports from next upwards.
type ports struct {
	next   int
	unused bool // each must be free at that moment
}

// take returns the next port. If it has to be unused and is not, the error names
// the remedy.
func (p *ports) take(use string) (int, error) {
	port := p.next
	p.next++
	if port > 65535 {
		return 0, fmt.Errorf("port for %s: %d is beyond 65535; choose a lower first port with --base-port", use, port)
	}
	if !p.unused {
		return port, nil
	}
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return 0, fmt.Errorf("port %d, needed for %s, is taken (%w); stop what listens there or choose other ports with --base-port", port, use, err)
	}
	return port, l.Close()
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
