package envoyals

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestRealEnvoy sends requests through a real Envoy and reads what it logs.
func TestRealEnvoy(t *testing.T) {
	dir, store, end := startReal(t)

	before := time.Now()
	get(t, dir, "outbound", "/ok", nil)
	get(t, dir, "outbound", "/slow-once", nil)
	get(t, dir, "outbound", "/nowhere", nil)
	get(t, dir, "inbound", "/ok", http.Header{
		"X-Mesh-Peer": {"m=bookinfo;c=local;n=shop;w=productpage-v1;s=productpage;v=v1"}, "X-Envoy-Attempt-Count": {"2"},
	})
	await(t, store, 4+3)
	end()

	requests, attempts := store.rows()
	slices.SortFunc(requests, func(a, b record.Request) int { return a.End.Compare(b.End) })
	slices.SortFunc(attempts, func(a, b record.Attempt) int { return a.End.Compare(b.End) })
	checkRequests(t, requests, before)
	checkTries(t, requests[1], attempts)
}

// TestRealEnvoyRoutes lets an Envoy call itself by two named routes, and sees
// that each arrival is on the same edge as the call that it came from.
func TestRealEnvoyRoutes(t *testing.T) {
	dir, store, end := startReal(t)
	for _, path := range []string{"/self/gold", "/self/odd", "/self/odd"} {
		get(t, dir, "outbound", path, http.Header{"X-Mesh-Peer": {"m=bookinfo;c=local;n=shop;w=forged;r=forged"}})
	}
	await(t, store, 3*3) // each a request, a try and an arrival
	end()

	type row struct {
		vantage         record.Vantage
		src, dst, route string
	}
	const self = "bookinfo/local/shop/reviews-v2"
	got := map[row]int{}
	requests, _ := store.rows()
	for _, r := range requests {
		got[row{r.Vantage, r.Src.ID, r.Dst.ID, r.Route}]++
	}
	want := map[row]int{
		{record.VantageClient, self, self, "self-gold"}:   1,
		{record.VantageServer, self, self, "self-gold"}:   1,
		{record.VantageClient, self, self, "self; 100 %"}: 2,
		{record.VantageServer, self, self, "self; 100 %"}: 2,
	}
	if !maps.Equal(got, want) {
		t.Errorf("rows = %v, want %v", got, want)
	}
}

// startReal starts a receiver and an Envoy that logs to it. The returned
// function ends both.
func startReal(t *testing.T) (dir string, store *fakeStore, end func()) {
	t.Helper()
	binary := envoyBinary(t)
	dir, store = socketDir(t), newFakeStore()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = "unix://" + filepath.Join(dir, "als.sock")
	r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	stop := runEnvoy(t, binary, dir, application(t))
	return dir, store, func() {
		shutdown(t, r)
		stop()
	}
}

func checkRequests(t *testing.T, got []record.Request, before time.Time) {
	t.Helper()
	ratings := record.Peer{ID: "bookinfo/local/shop/ratings-v1", Service: "ratings", Version: "v1", Source: record.IDEndpointMetadata}
	gone := record.Peer{ID: "bookinfo/local/shop/~gone", Service: "gone", Source: record.IDRegistry}
	reviews := record.Peer{ID: "bookinfo/local/shop/reviews-v2", Service: "reviews", Version: "v2", Source: record.IDReporter}
	page := record.Peer{ID: "bookinfo/local/shop/productpage-v1", Service: "productpage", Version: "v1", Source: record.IDPeerMetadata}
	want := []struct {
		src, dst record.Peer
		vantage  record.Vantage
		route    string
		code     uint16
		outcome  record.Outcome
		attempts uint8
		attempt  uint8
		mtls     record.MTLS
	}{
		{reviews, ratings, record.VantageClient, "ratings-default", 200, record.OutcomeOK, 1, 0, record.MTLSNone},
		{reviews, ratings, record.VantageClient, "ratings-default", 200, record.OutcomeOK, 2, 0, record.MTLSNone},
		{reviews, gone, record.VantageClient, "nowhere", 503, record.OutcomeNoHealthy, 0, 0, record.MTLSUnknown},
		{page, reviews, record.VantageServer, "inbound", 200, record.OutcomeOK, 1, 2, record.MTLSNone},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d requests, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Src != w.src || g.Dst != w.dst || g.Vantage != w.vantage || g.Route != w.route {
			t.Errorf("request %d: %+v → %+v, vantage %v, route %q; want %+v → %+v, %v, %q",
				i, g.Src, g.Dst, g.Vantage, g.Route, w.src, w.dst, w.vantage, w.route)
		}
		if g.Code != w.code || g.Outcome != w.outcome || g.Attempts != w.attempts || g.Attempt != w.attempt || g.MTLS != w.mtls {
			t.Errorf("request %d: code %d, %v, %d attempts, attempt %d, %v (%s, %s); want %d, %v, %d, %d, %v",
				i, g.Code, g.Outcome, g.Attempts, g.Attempt, g.MTLS, g.Flags, g.Details, w.code, w.outcome, w.attempts, w.attempt, w.mtls)
		}
		if g.End.Before(before) || g.End.After(time.Now()) || g.Skew != 0 || g.Protocol != "http1" || g.Method != http.MethodGet || g.GRPCStatus != -1 {
			t.Errorf("request %d: ended %v (skew %v), %s %s, gRPC status %d", i, g.End, g.Skew, g.Protocol, g.Method, g.GRPCStatus)
		}
	}
	if slow := got[1]; slow.Duration < 100_000 || slow.FirstByte == 0 || slow.FirstByte > slow.Duration {
		t.Errorf("request with a slow first try: %d µs, first byte after %d µs", slow.Duration, slow.FirstByte)
	}
}

func checkTries(t *testing.T, slow record.Request, got []record.Attempt) {
	t.Helper()
	if len(got) != 3 {
		t.Fatalf("got %d tries, want 3", len(got))
	}
	cut, answered := got[1], got[2]
	if cut.CallID != slow.CallID || answered.CallID != slow.CallID || slow.CallID == [16]byte{} {
		t.Errorf("tries belong to calls %x and %x, their request is %x", cut.CallID, answered.CallID, slow.CallID)
	}
	if cut.Number != 1 || cut.Outcome != record.OutcomeTimeout || cut.FirstByte != 0 || cut.Duration < 90_000 {
		t.Errorf("first try: %+v; want number 1, cut at 100 ms", cut)
	}
	if answered.Number != 2 || answered.Outcome != record.OutcomeOK || answered.FirstByte == 0 || answered.Code != 200 {
		t.Errorf("second try: %+v; want number 2, answered with 200", answered)
	}
	if answered.Dst.ID != "bookinfo/local/shop/ratings-v1" || answered.PoolWait+answered.FirstByte > answered.Duration {
		t.Errorf("second try: to %s, waited %d µs for a connection and %d µs for the answer, of %d",
			answered.Dst.ID, answered.PoolWait, answered.FirstByte, answered.Duration)
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

// get sends a request to a listener of the Envoy.
func get(t *testing.T, dir, listener, path string, header http.Header) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, listener+".sock"))
	}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://ratings"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	resp, err := (&http.Client{Transport: transport, Timeout: deadline}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// runEnvoy starts an Envoy and waits until it listens. The returned function
// ends it.
func runEnvoy(t *testing.T, binary, dir string, app *httptest.Server) (stop func()) {
	t.Helper()
	template, err := os.ReadFile("testdata/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	port := app.Listener.Addr().(*net.TCPAddr).Port
	config := strings.NewReplacer("{{dir}}", dir, "{{app}}", strconv.Itoa(port)).Replace(string(template))
	path := filepath.Join(dir, "envoy.yaml")
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
	awaitSocket(t, filepath.Join(dir, "inbound.sock"), exited, &stderr)
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(deadline):
			_ = cmd.Process.Kill()
			<-exited
		}
	}
}

func awaitSocket(t *testing.T, path string, exited <-chan error, stderr *bytes.Buffer) {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("unix", path); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-exited:
			t.Fatalf("envoy ended (%v):\n%s", err, stderr)
		case <-limit:
			t.Fatal("envoy does not listen")
		case <-tick.C:
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
	dir, err := os.MkdirTemp("", "als")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
