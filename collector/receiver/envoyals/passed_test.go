package envoyals

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
)

// hold opens a listening socket, as a holder would, and returns its number.
func hold(t *testing.T, network, address string) (l net.Listener, fd int) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	file, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return l, int(file.Fd())
}

// TestPassedSocket runs two receivers one after the other on the same socket,
// as config reloads do. What connects in between waits for the second.
func TestPassedSocket(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(socketDir(t), "held.sock")
			}
			holder, fd := hold(t, network, address)
			for range 2 {
				waiting, err := net.Dial(network, holder.Addr().String()) // served once there is a receiver
				if err != nil {
					t.Fatalf("between two receivers: %v", err)
				}
				store := newFakeStore()
				r := startAt(t, store, fmt.Sprint("fd:", fd), componenttest.NewNopTelemetrySettings())
				stream := dial(t, r)
				send(t, stream, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
				await(t, store, 1)
				shutdown(t, r)
				if err := waiting.Close(); err != nil {
					t.Error(err)
				}
			}
			if network == "unix" {
				if _, err := os.Stat(address); err != nil {
					t.Errorf("the path of the socket is gone: %v", err)
				}
			}
		})
	}
}

// TestPassedSocketErrors are those of a process that was started wrongly.
func TestPassedSocketErrors(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	holder, _ := hold(t, "tcp", "127.0.0.1:0")
	conn, err := net.Dial("tcp", holder.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	connFile, err := conn.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connFile.Close() }()
	_, open := hold(t, "tcp", "0.0.0.0:0")
	for name, test := range map[string]struct {
		endpoint, want string
	}{
		"closed":     {"fd:999", "looking at descriptor 999: bad file descriptor; the process must be started with a listening socket there"},
		"file":       {fmt.Sprint("fd:", file.Fd()), "socket operation on non-socket"},
		"connection": {fmt.Sprint("fd:", connFile.Fd()), "is a socket that does not listen"},
		"for all":    {fmt.Sprint("fd:", open), "can be reached from other machines"},
		"activation": {"systemd", "LISTEN_PID is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.Endpoint = test.endpoint
			if _, err := cfg.listen(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that contains %q", err, test.want)
			}
		})
	}
}

// TestActivation reads the real environment.
func TestActivation(t *testing.T) {
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("LISTEN_FDNAMES", "otlp")
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = "systemd:als"
	if _, err := cfg.listen(); err == nil || err.Error() != `listening on systemd:als: no socket is named "als"; those passed are named ["otlp"]` {
		t.Errorf("error = %v", err)
	}
}
