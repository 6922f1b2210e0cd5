package listen

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestActivatedFD(t *testing.T) {
	const pid = 42
	for name, test := range map[string]struct {
		name string
		env  map[string]string
		want int
		err  string
	}{
		"only one":       {"", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1"}, 3, ""},
		"by name":        {"als", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "otlp:als"}, 4, ""},
		"not activated":  {"", nil, 0, "LISTEN_PID is not set: no socket was passed; start the collector by its socket unit (systemctl start plimsoll-collector.socket), or use fd:3"},
		"for a child":    {"", map[string]string{"LISTEN_PID": "41", "LISTEN_FDS": "1"}, 0, "LISTEN_PID is 41, this process is 42: the sockets are for another one"},
		"none":           {"", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "0"}, 0, `LISTEN_FDS is "0": no socket was passed`},
		"no number":      {"", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "x"}, 0, `LISTEN_FDS is "x": no socket was passed`},
		"which":          {"", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "2"}, 0, "2 sockets were passed; name one, as in systemd:als (FileDescriptorName= of its unit)"},
		"another name":   {"als", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "otlp"}, 0, `no socket is named "als"; those passed are named ["otlp"]`},
		"name too many":  {"als", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "otlp:als"}, 0, `no socket is named "als"; those passed are named ["otlp" "als"]`},
		"names not told": {"als", map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1"}, 0, `no socket is named "als"; those passed are named [""]`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := activatedFD(test.name, pid, func(key string) string { return test.env[key] })
			if got != test.want || (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
				t.Errorf("got %d, %v; want %d, %s", got, err, test.want, test.err)
			}
		})
	}
}

// childEnv makes the test binary a process with held sockets.
const childEnv = "PLIMSOLL_TEST_HELD"

// TestHeldSocket lives twice: the outer process holds a socket and starts the
// inner one twice, as a service manager does. Connections that are made while
// nobody accepts are served by the next.
func TestHeldSocket(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid())) // which only the process itself knows
		serveOne(t)
		return
	}
	path := filepath.Join(shortDir(t), "s")
	held, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, want := range []string{"first", "second"} {
		conn, err := net.Dial("unix", path) // before anybody is there to accept
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(want)); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		runChild(t, held)
		if got, err := io.ReadAll(conn); err != nil || string(got) != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
		_ = conn.Close()
	}
}

func runChild(t *testing.T, held net.Listener) {
	t.Helper()
	file, err := held.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHeldSocket$", "-test.v")
	cmd.ExtraFiles = []*os.File{file, file} // descriptors 3 and 4
	cmd.Env = append(os.Environ(), childEnv+"=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=other:als")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// serveOne sends one connection back what it sent. It opens the socket twice, as
// a reload does, and closes it: neither takes it away from its holder.
func serveOne(t *testing.T) {
	for _, endpoint := range []string{"systemd:als", "fd:4"} {
		listener, err := Listen(endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := Listen("systemd:als")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.Copy(conn, conn); err != nil {
		t.Fatal(err)
	}
}

// TestAdoptErrors are those of a process that was started wrongly.
func TestAdoptErrors(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	conn, err := net.Dial("tcp", held.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	connection, err := conn.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	for want, fd := range map[string]int{
		"socket operation on non-socket":                          int(file.Fd()),
		"is a socket that does not listen":                        int(connection.Fd()),
		"looking at descriptor 1048576: bad file descriptor; the": 1 << 20,
	} {
		if _, err := adopt(fd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("descriptor %d: got error %v, want one with %q", fd, err, want)
		}
	}
}
