package envoytest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Binary returns the path of Envoy, or ends the test.
func Binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("PLIMSOLL_ENVOY")
	if path == "" {
		path = filepath.Join(moduleRoot(t), ".cache", "tools", "envoy")
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("PLIMSOLL_REQUIRE_TOOLS") != "" {
			t.Fatalf("no Envoy: %v; run \"make tools\" or set PLIMSOLL_ENVOY", err)
		}
		t.Skipf("no Envoy: %v; run \"make tools\" or set PLIMSOLL_ENVOY", err)
	}
	return path
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test's directory")
		}
		dir = filepath.Dir(dir)
	}
}

// Validate runs Envoy's own check over a bootstrap file.
func Validate(t testing.TB, bootstrap string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, Binary(t), "--mode", "validate", "-c", bootstrap).CombinedOutput()
	if err != nil {
		t.Errorf("envoy --mode validate -c %s: %v\n%s", bootstrap, err, out)
	}
}

// Proxy is a running Envoy.
type Proxy struct {
	Log   *Log
	admin *http.Client
}

// Start starts Envoy from a bootstrap file, waits until it is live, and stops
// it when the test ends.
func Start(t testing.TB, bootstrap, adminSocket string) *Proxy {
	t.Helper()
	p := &Proxy{Log: new(Log), admin: unixClient(adminSocket)}
	cmd := exec.Command(Binary(t), "-c", bootstrap, "--concurrency", "1", "--base-id", baseID(), "-l", "warning")
	cmd.Stdout, cmd.Stderr = p.Log, p.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting Envoy: %v", err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("Envoy's log:\n%s", p.Log)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if answer, err := p.get("/ready"); err == nil && answer == "LIVE\n" {
			return p
		}
		select {
		case <-ended:
			t.Fatalf("Envoy ended at once:\n%s", p.Log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("Envoy is not live after 20 s:\n%s", p.Log)
		}
	}
}

// Admin returns the answer at path of the admin interface.
func (p *Proxy) Admin(t testing.TB, path string) string {
	t.Helper()
	answer, err := p.get(path)
	if err != nil {
		t.Fatalf("asking Envoy for %s: %v", path, err)
	}
	return answer
}

// FlushLogs makes Envoy write out its access-log files, which it otherwise does
// each ten seconds.
func (p *Proxy) FlushLogs(t testing.TB) {
	t.Helper()
	response, err := p.admin.Post("http://admin/reopen_logs", "", nil)
	if err != nil {
		t.Fatalf("reopening Envoy's logs: %v", err)
	}
	response.Body.Close()
}

// Stat returns a counter or gauge; a name that Envoy does not have is 0.
func (p *Proxy) Stat(t testing.TB, name string) int {
	t.Helper()
	for _, line := range bytes.Split([]byte(p.Admin(t, "/stats")), []byte("\n")) {
		if value, ok := bytes.CutPrefix(line, []byte(name+": ")); ok {
			n, err := strconv.Atoi(string(value))
			if err != nil {
				t.Fatalf("statistic %s = %q", name, value)
			}
			return n
		}
	}
	return 0
}

func (p *Proxy) get(path string) (string, error) {
	response, err := p.admin.Get("http://admin" + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func unixClient(socket string) *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}
}

// Log is what Envoy printed.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var started atomic.Int64

// baseID keeps Envoys on one machine apart from each other's hot restart.
func baseID() string {
	return strconv.FormatInt(int64(os.Getpid()%1_000_000)*100+started.Add(1), 10)
}
