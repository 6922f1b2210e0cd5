package envoytest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Free ports are looked for below the range from which the kernel gives ports
// to outgoing connections, any of which could take one before it is used.
const (
	firstPort = 20000
	lastPort  = 29999
)

// FreePorts gives every port of the mesh a new, free one, so that tests can run
// beside each other.
func FreePorts(t testing.TB, m *model.Mesh) *model.Mesh {
	t.Helper()
	taken := map[int]bool{}
	for _, w := range m.Workloads {
		w.InboundPort, w.AppPort = freePort(t, taken), freePort(t, taken)
		for i := range w.Upstreams {
			w.Upstreams[i].LocalPort = freePort(t, taken)
		}
	}
	return m
}

// freePort returns a port that was free a moment ago and is not taken.
func freePort(t testing.TB, taken map[int]bool) int {
	t.Helper()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		if taken[port] {
			continue
		}
		taken[port] = true
		return port
	}
	t.Fatal("found no free port in 1000 tries")
	return 0
}
