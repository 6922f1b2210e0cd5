package listen

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	for endpoint, test := range map[string]struct {
		want Address
		err  string // "": valid
	}{
		"127.0.0.1:19001":    {Address{"tcp", "127.0.0.1:19001"}, ""},
		"[::1]:1":            {Address{"tcp", "[::1]:1"}, ""},
		":1":                 {Address{"tcp", ":1"}, ""},
		"unix:///run/a.sock": {Address{"unix", "/run/a.sock"}, ""},
		"systemd:als":        {Address{"systemd", "als"}, ""},
		"unix://run/a.sock":  {Address{}, `"unix://run/a.sock": the path of a socket must be absolute`},
		"systemd":            {Address{"systemd", ""}, ""},
		"fd:3":               {Address{"fd", "3"}, ""},
		"fd:2":               {Address{}, `"fd:2": want the number of a passed socket from 3 on, as in fd:3`},
		"fd:x":               {Address{}, `"fd:x": want the number of a passed socket`},
		"127.0.0.1":          {Address{}, `"127.0.0.1": want host:port, unix:///path, fd:3 or systemd: `},
		"":                   {Address{}, `"": want host:port`},
	} {
		got, err := Parse(endpoint)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%q: got %+v (%v), want %+v (%s)", endpoint, got, err, test.want, test.err)
		}
	}
	if _, err := Listen("nowhere"); err == nil || !strings.HasPrefix(err.Error(), `listening: "nowhere"`) {
		t.Errorf("got error %v", err)
	}
}

// shortDir returns a directory whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "listen")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestListen(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false) // as a process does that is killed
	_ = dead.Close()
	for _, endpoint := range []string{"127.0.0.1:0", "unix://" + path} {
		listener, err := Listen(endpoint)
		if err != nil {
			t.Fatal(err)
		}
		accepts(t, listener)
		_ = listener.Close()
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there (%v)", err)
	}
}

// accepts connects to a listener.
func accepts(t *testing.T, listener net.Listener) {
	t.Helper()
	conn, err := net.Dial(listener.Addr().Network(), listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	served, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Close(), served.Close()
}

func TestSocketMode(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	listener, err := Listen("unix://" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != socketMode {
		t.Errorf("mode %v (%v), want %v", info.Mode(), err, socketMode)
	}
}

func TestListenErrors(t *testing.T) {
	dir := shortDir(t)
	used, err := net.Listen("unix", filepath.Join(dir, "used"))
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]string{
		taken.Addr().String():            "address already in use",
		"unix://" + used.Addr().String(): "another process listens on this socket",
		"unix://" + file:                 "address already in use",
		"unix://" + file + "/s":          "not a directory",
		"unix://" + dir + "/none/s":      "no such file",
		"systemd:als":                    "LISTEN_PID is not set",
		"fd:1000":                        "looking at descriptor 1000: bad file descriptor",
	} {
		_, err := Listen(endpoint)
		if err == nil || !strings.HasPrefix(err.Error(), "listening on "+endpoint+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", endpoint, err, want)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file at the socket's path became %q (%v)", text, err)
	}
}

func TestRemote(t *testing.T) {
	for endpoint, want := range map[string]struct{ held, remote bool }{
		"127.0.0.1:1":   {false, false},
		"[::1]:1":       {false, false},
		"localhost:1":   {false, false},
		"0.0.0.0:1":     {false, true},
		":1":            {false, true},
		"10.0.0.1:1":    {false, true},
		"als.example:1": {false, true},
		"unix:///run/s": {false, false},
		"fd:3":          {true, false},
		"systemd":       {true, false},
		"systemd:als":   {true, false},
	} {
		a, err := Parse(endpoint)
		if err != nil || a.Held() != want.held || a.Remote() != want.remote {
			t.Errorf("%s: held %t, remote %t, error %v; want %+v", endpoint, a.Held(), a.Remote(), err, want)
		}
	}
	for addr, want := range map[net.Addr]bool{
		&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}: false,
		&net.TCPAddr{IP: net.IPv6loopback}:       false,
		&net.TCPAddr{IP: net.IPv4zero}:           true,
		&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}:  true,
		&net.UnixAddr{Name: "/run/s"}:            false,
	} {
		if Reachable(addr) != want {
			t.Errorf("%s: reachable %t", addr, !want)
		}
	}
}
