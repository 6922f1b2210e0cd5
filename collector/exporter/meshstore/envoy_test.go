package meshstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// deadline bounds what should happen within seconds.
const deadline = 20 * time.Second

// TestRealEnvoy sends requests through a real Envoy, whose tracer, access
// loggers and stats sink send to a real otlp receiver.
func TestRealEnvoy(t *testing.T) {
	binary, dir, store := envoyBinary(t), socketDir(t), &fakeStore{}
	receive(t, store, map[string]any{"grpc": map[string]any{"transport": "unix", "endpoint": filepath.Join(dir, "otlp.sock")}})
	runEnvoy(t, binary, dir, application(t))
	get(t, dir, "/ok")
	get(t, dir, "/slow-once")
	get(t, dir, "/nowhere")
	var got map[string][]string
	poll(t, func() bool {
		got = store.sorted()
		return len(got["request"]) >= 3 && len(got["attempt"]) >= 3 && len(got["span"]) >= 6 && behind(got["proxy_stat"]) == ""
	})
	checkCalls(t, got["request"], got["attempt"])
	checkSpans(t, got["span"], field(got["request"][1], "TraceID"))
	checkStats(t, got["proxy_stat"])
}

const (
	reviews = "Node: \"bookinfo/local/shop/reviews-v2\""
	proxy   = "Proxy: \"sidecar~127.0.0.1~reviews-v2.shop~bookinfo\""
)

// checkCalls holds requests and tries to what was sent, in its order.
func checkCalls(t *testing.T, requests, attempts []string) {
	t.Helper()
	src := "Src: {ID: \"bookinfo/local/shop/reviews-v2\" Service: \"reviews\" Version: \"v2\" Source: reporter}"
	dst := "Dst: {ID: \"bookinfo/local/shop/ratings-v1\" Service: \"ratings\" Version: \"v1\" Source: endpoint_metadata}"
	cluster := "Cluster: \"outbound|9080||ratings.shop\""
	wants(t, requests,
		[]string{src, dst, proxy, cluster, "Vantage: client", "Route: \"ratings-default\"", "Method: \"GET\"", "Protocol: \"http1\"", "Code: 200", "Outcome: ok", "Details: \"via_upstream\"", "MTLS: none", "Attempts: 1", "GRPCStatus: -1"},
		[]string{src, dst, proxy, cluster, "Code: 200", "Outcome: ok", "Attempts: 2"},
		[]string{src, "Dst: {ID: \"bookinfo/local/shop/~gone\" Service: \"gone\" Source: registry}", "Route: \"nowhere\"", "Code: 503", "Outcome: no_healthy", "Flags: UH", "Details: \"no_healthy_upstream\""})
	call, slow := "CallID: "+field(requests[0], "CallID"), "CallID: "+field(requests[1], "CallID")
	wants(t, attempts,
		[]string{src, dst, proxy, cluster, call, "Number: 1", "Code: 200", "Outcome: ok", "RequestID: " + field(requests[0], "RequestID")},
		[]string{slow, "Number: 1", "Outcome: timeout", "Flags: UT"},
		[]string{slow, "Number: 2", "Code: 200", "Outcome: ok"})
	for i, r := range append(requests[:2:2], attempts[0], attempts[2]) {
		if first, all := number(t, r, "FirstByte"), number(t, r, "Duration"); first == 0 || first > all {
			t.Errorf("row %d: first byte after %d µs, end after %d µs", i, first, all)
		}
	}
	if cut := number(t, attempts[1], "Duration"); cut < 90_000 || cut > number(t, requests[1], "Duration") {
		t.Errorf("the try that was cut at 100 ms took %d µs, its request %s µs", cut, field(requests[1], "Duration"))
	}
}

// checkSpans holds the spans of the second request, and of its tries, to it.
func checkSpans(t *testing.T, spans []string, trace string) {
	t.Helper()
	var kept []string
	for _, s := range spans {
		if field(s, "TraceID") == trace {
			kept = append(kept, s)
		}
	}
	wants(t, kept,
		[]string{reviews, proxy, "Kind: server", "Service: \"reviews\"", "Version: \"v2\"", "Peer: \"ratings\"", "Code: 200", "Scope: \"envoy\""},
		[]string{reviews, proxy, "Kind: client", "Peer: \"ratings\"", "Flags: UT"},
		[]string{reviews, proxy, "Kind: client", "Peer: \"ratings\"", "Code: 200"})
	call := field(kept[0], "CallID")
	for _, s := range kept {
		if field(s, "CallID") != call || call == "" {
			t.Errorf("span of call %q, want %q", field(s, "CallID"), call)
		}
	}
	if field(kept[0], "RequestID") == "" {
		t.Error("the span of the request has no request id")
	}
}

// behind returns the first of some statistics that is not yet what the requests
// made it, "" if there is none.
func behind(stats []string) string {
	for _, want := range [][2]string{
		{"Object: \"outbound|9080||ratings.shop\"\n  Name: \"upstream_rq_per_try_timeout\"", "1"},
		{"Object: \"outbound|9080||ratings.shop\"\n  Name: \"upstream_rq_retry\"", "1"},
		{"Object: \"outbound|9080||ratings.shop\"\n  Name: \"upstream_rq_2xx\"", "2"},
		{"Object: \"outbound|9080||ratings.shop\"\n  Name: \"membership_healthy\"", "1"},
		{"Object: \"open_telemetry_access_log\"\n  Name: \"logs_written\"", "6"},
		{"Object: \"outbound\"\n  Name: \"downstream_rq_total\"", "3"},
	} {
		last := ""
		for _, s := range stats {
			if strings.Contains(s, want[0]+"\n") && strings.Contains(s, reviews) && strings.Contains(s, proxy) {
				last = field(s, "Total")
			}
		}
		if last != want[1] {
			return fmt.Sprintf("%s is %q, want %s", want[0], last, want[1])
		}
	}
	return ""
}

// checkStats looks for statistics that are none.
func checkStats(t *testing.T, stats []string) {
	t.Helper()
	for _, s := range stats {
		if strings.Contains(s, ".external\"") || strings.Contains(s, "Reset: true") {
			t.Errorf("a part of another one, or a reset where there was none:\n%s", s)
		}
	}
}

// application answers at once, but the first request to /slow-once never.
func application(t *testing.T) *httptest.Server {
	t.Helper()
	var slow atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow-once" && slow.Add(1) == 1 {
			<-r.Context().Done()
			return
		}
		_, _ = w.Write([]byte("ok"))
	}))
	t.Cleanup(server.Close)
	return server
}

// get sends a request to the Envoy.
func get(t *testing.T, dir, path string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, "outbound.sock"))
	}}
	resp, err := (&http.Client{Transport: transport, Timeout: deadline}).Get("http://ratings" + path)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// runEnvoy starts an Envoy, waits until it listens, and ends it with the test.
func runEnvoy(t *testing.T, binary, dir string, app *httptest.Server) {
	t.Helper()
	template, err := os.ReadFile("testdata/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(app.Listener.Addr().(*net.TCPAddr).Port)
	path := filepath.Join(dir, "envoy.yaml")
	config := strings.NewReplacer("{{dir}}", dir, "{{app}}", port).Replace(string(template))
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(binary, "-c", path, "--concurrency", "1", "--use-dynamic-base-id", "-l", "warning")
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(deadline):
			_ = cmd.Process.Kill()
			<-exited
		}
	})
	poll(t, func() bool {
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("envoy ended (%v):\n%s", err, &stderr)
		default:
		}
		conn, err := net.Dial("unix", filepath.Join(dir, "outbound.sock"))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// poll waits until something has happened.
func poll(t *testing.T, done func() bool) {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("waited in vain")
		}
	}
}

// envoyBinary finds the Envoy of PLIMSOLL_ENVOY, or the one that "make tools"
// fetched, and skips the test without.
func envoyBinary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PLIMSOLL_ENVOY"); path != "" {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, ".cache", "tools", "envoy")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skip("no Envoy: run make tools, or set PLIMSOLL_ENVOY")
	}
	return path
}

// socketDir returns a directory whose path is short enough for a socket.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "otlp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
