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

// environment is that of a process to which a service manager passed sockets.
func environment(pid, n, names string) func(string) string {
	values := map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": n, "LISTEN_FDNAMES": names}
	return func(name string) string { return values[name] }
}

func TestPassedErrors(t *testing.T) {
	for name, test := range map[string]struct {
		getenv func(string) string
		want   string
	}{
		"none":            {environment("", "", ""), "no socket was passed to this process: start it by its socket unit"},
		"another process": {environment("8", "1", "als"), "no socket was passed to this process: start it by its socket unit"},
		"no number":       {environment("7", "x", "als"), `LISTEN_FDS is "x"`},
		"zero":            {environment("7", "0", "als"), `LISTEN_FDS is "0"`},
		"another name":    {environment("7", "2", "a:b"), `no socket of this name was passed, only ["a" "b"]: set FileDescriptorName=als in its unit`},
		"beyond":          {environment("7", "1", "a:als"), `only ["a"]: set`},
		"no names":        {environment("7", "1", ""), "no socket of this name was passed"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := passed(test.getenv, 7).listener("als"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
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

func TestCopyOfWhatDoesNotListen(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := copyOf(int(file.Fd())); err == nil || !strings.Contains(err.Error(), "is no listening socket") {
		t.Errorf("got error %v", err)
	}
	if _, err := copyOf(1 << 20); err == nil || !strings.Contains(err.Error(), "descriptor 1048576 is no listening socket") {
		t.Errorf("got error %v", err)
	}
	two := passed(environment("7", "2", "a:b"), 7)
	if _, err := two.listener(""); err == nil || !strings.Contains(err.Error(), `2 sockets were passed, ["a" "b"]: say which`) {
		t.Errorf("got error %v", err)
	}
}
