package meshmetrics

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestRealEnvoy scrapes a real Envoy while it is under load. What the rows add
// up to is what its own /stats say that it counted, to the last one, and it
// fulfils the identity of requests, tries and log entries.
func TestRealEnvoy(t *testing.T) {
	dir := runEnvoy(t)
	s, store := startScraperAt(t, target.Target{URL: "unix://" + dir + "/admin.sock:/stats/prometheus"}, time.Now)
	load(t, dir, 3)
	before := settle(t, dir)
	scrapeOK(t, s)
	first := store.take()

	done := make(chan struct{})
	go func() {
		defer close(done)
		load(t, dir, 150)
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			scrapeOK(t, s)
		}
	}
	after := settle(t, dir)
	scrapeOK(t, s)

	got := growth(store.take())
	if diff := cmp.Diff(grown(before, after, got), got); diff != "" {
		t.Errorf("growth of the rows (+) and of /stats (-) differ:\n%s", diff)
	}
	checkIdentity(t, got)
	checkProxy(t, first)
	for _, name := range []string{
		"cluster.outbound|9080||ratings.shop.upstream_rq_active_overflow", "cluster.outbound|9080||ratings.shop.upstream_rq_retry",
		"cluster.outbound|9080||ratings.shop.upstream_rq_503", "cluster.outbound|9080||ratings.shop.upstream_rq_2xx",
		"cluster.outbound;9080;;gone_shop.upstream_cx_none_healthy", "http.outbound.downstream_rq_completed",
		"access_logs.grpc_access_log.logs_written",
	} {
		if got[name] == 0 {
			t.Errorf("%s did not grow: the load does not test it", name)
		}
	}
}

// growth adds up the rows of counters by Envoy's names.
func growth(stats []record.ProxyStat) map[string]float64 {
	sums := map[string]float64{}
	for _, s := range stats {
		if s.Kind != record.StatCounter {
			continue
		}
		scope := map[record.StatScope]string{
			record.ScopeCluster: "cluster.", record.ScopeHTTP: "http.", record.ScopeListener: "listener.", record.ScopeLog: "access_logs.",
		}[s.Scope]
		if name := scope + s.Object + "." + s.Name; s.Value != 0 && comparable(name) {
			sums[name] += s.Value
		}
	}
	return sums
}

// grown is what Envoy says that its counters gained; those with rows alone, and
// those that have a place and no row.
func grown(before, after, rows map[string]float64) map[string]float64 {
	sums := map[string]float64{}
	for name, v := range after {
		d := v - before[name]
		_, has := rows[name]
		if d != 0 && (has || strings.HasSuffix(name, ".upstream_rq_total") || strings.HasSuffix(name, "outbound.downstream_rq_total")) {
			sums[name] = d
		}
	}
	return sums
}

// checkIdentity wants an entry in the log for each request that ended and for
// each try.
func checkIdentity(t *testing.T, got map[string]float64) {
	t.Helper()
	tries := 0.0
	for _, cluster := range []string{"outbound|9080||ratings.shop", "outbound;9080;;gone_shop"} {
		for _, name := range []string{"upstream_rq_total", "upstream_rq_pending_failure_eject", "upstream_rq_active_overflow"} {
			tries += got["cluster."+cluster+"."+name]
		}
	}
	entries := got["access_logs.grpc_access_log.logs_written"] + got["access_logs.grpc_access_log.logs_dropped"]
	requests := got["http.outbound.downstream_rq_total"]
	if entries != requests+tries || requests == 0 || tries == 0 {
		t.Errorf("%v log entries, %v requests and %v tries", entries, requests, tries)
	}
}

// checkProxy wants the first rows to say whose they are, and no growth.
func checkProxy(t *testing.T, first []record.ProxyStat) {
	t.Helper()
	for _, s := range first {
		if s.Proxy != "sidecar~127.0.0.1~reviews-v2.shop~bookinfo" || s.Node != "bookinfo/local/shop/reviews-v2" || s.Source != "envoy" {
			t.Fatalf("row of %q, %q, %q", s.Proxy, s.Node, s.Source)
		}
		if age := time.Since(s.Started); age < 0 || age > deadline {
			t.Fatalf("started %v ago", age)
		}
		if s.Kind == record.StatCounter && (s.Value != 0 || s.Step != 0 || s.Reset) {
			t.Errorf("first row %+v tells growth", s)
		}
	}
}

// TestRealEnvoyRestart ends an Envoy and starts another on its socket: what the
// second has counted by the first scrape is growth, and a reset.
func TestRealEnvoyRestart(t *testing.T) {
	dir, app := socketDir(t), application(t)
	stop := startEnvoy(t, dir, app)
	s, store := startScraperAt(t, target.Target{URL: "unix://" + dir + "/admin.sock:/stats/prometheus"}, time.Now)
	get(t, dir, "/ok")
	awaitUptime(t, s)
	scrapeOK(t, s)
	stop()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if err := s.scrape(ctx); err == nil || reasonOf(err) != reasonUnreachable {
		t.Errorf("scraping an Envoy that ended: %v", err)
	}
	started := s.id.started
	t.Cleanup(startEnvoy(t, dir, app))
	store.take()
	for range 3 { // more than the first had: the value alone does not tell
		get(t, dir, "/ok")
	}
	want := settle(t, dir)["http.outbound.downstream_rq_total"]
	scrapeOK(t, s)
	for _, row := range store.take() {
		if row.Name == "downstream_rq_total" && (row.Value != want || !row.Reset || !row.Started.After(started)) {
			t.Errorf("after the restart: %+v, want a growth of %v, reset", row, want)
		}
	}
}

// awaitUptime waits until an Envoy is old enough to be told from one that has
// just started: uptimes are in whole seconds.
func awaitUptime(t *testing.T, s *scraper) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, uptime, known, err := askIdentity(t.Context(), s.client)
		if err != nil || !known {
			t.Fatal(known, err)
		}
		if uptime > 2*uptimeGrain {
			return
		}
		<-tick.C
	}
}

// load sends requests of all kinds, n times, of which some at once.
func load(t *testing.T, dir string, n int) {
	for range n {
		var wg sync.WaitGroup
		for _, path := range []string{"/ok", "/slow", "/slow", "/slow", "/503", "/404", "/gone"} {
			wg.Go(func() { get(t, dir, path) })
		}
		wg.Wait()
		get(t, dir, "/503") // alone, it passes the breaker, and is tried again
	}
}

// settle waits until no request is active, and returns the counters.
func settle(t *testing.T, dir string) map[string]float64 {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last map[string]float64
	for {
		now := adminStats(t, dir)
		if now["http.outbound.downstream_rq_active"] == 0 && maps.Equal(now, last) {
			return now
		}
		last = now
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("the Envoy does not come to rest")
		}
	}
}

// adminStats reads /stats in its text form: an own way to the same counters.
func adminStats(t *testing.T, dir string) map[string]float64 {
	t.Helper()
	stats := map[string]float64{}
	for line := range strings.Lines(fetch(t, dir, "admin", "/stats")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if v, err := strconv.ParseFloat(value, 64); err == nil && comparable(name) {
			stats[name] = v
		}
	}
	return stats
}

// comparable tells the counters that rest when the load does: not those of the
// access logs' own way.
func comparable(name string) bool {
	return strings.HasPrefix(name, "cluster.outbound") || strings.HasPrefix(name, "http.outbound") ||
		strings.HasPrefix(name, "access_logs.") && !strings.Contains(name, "flush")
}

func get(t *testing.T, dir, path string) { _ = fetch(t, dir, "outbound", path) }

// fetch asks one of the Envoy's sockets.
func fetch(t *testing.T, dir, socket, path string) string {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(dir, socket+".sock"))
	}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://ratings"+path, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	resp, err := (&http.Client{Transport: transport, Timeout: deadline}).Do(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// application answers with the status of the path, /slow after a while.
func application(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
		if status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/")); err == nil {
			w.WriteHeader(status)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// runEnvoy starts an Envoy for the time of the test, and returns the folder of
// its sockets.
func runEnvoy(t *testing.T) (dir string) {
	t.Helper()
	dir = socketDir(t)
	t.Cleanup(startEnvoy(t, dir, application(t)))
	return dir
}

// startEnvoy starts an Envoy and waits until it listens. The returned function
// ends it.
func startEnvoy(t *testing.T, dir string, app *httptest.Server) (stop func()) {
	t.Helper()
	binary := envoyBinary(t)
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
	for _, socket := range []string{"admin.sock", "outbound.sock"} { // of an Envoy that ended here
		_ = os.Remove(filepath.Join(dir, socket))
	}
	var stderr bytes.Buffer
	cmd := exec.Command(binary, "-c", path, "--concurrency", "1", "--use-dynamic-base-id", "-l", "warning")
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	awaitSocket(t, filepath.Join(dir, "outbound.sock"), exited, &stderr)
	return sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(deadline):
			_ = cmd.Process.Kill()
			<-exited
		}
	})
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
	dir, err := os.MkdirTemp("", "scrape")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
