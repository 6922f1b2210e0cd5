package workload

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
)

func newLedger() *truth.Ledger {
	return truth.New(truth.Config{
		Phase:       func(time.Time) string { return "" },
		Route:       func(_, _, _, path string) string { return path },
		ServiceNode: func(service string) string { return "~" + service },
	})
}

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	cfg.Listen, cfg.Log = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	if cfg.Ledger == nil {
		cfg.Ledger = newLedger()
	}
	if cfg.Service.Workers == 0 {
		cfg.Service.Workers = 10
	}
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// get returns status and body, or 0 and the error.
func get(t *testing.T, s *Server, path string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	tr := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

func one(path string, calls ...scenario.Call) []scenario.Endpoint {
	return []scenario.Endpoint{{Path: path, Method: "GET", Calls: calls}}
}

func TestAnswers(t *testing.T) {
	s := start(t, Config{Service: &scenario.Service{Name: "a", Endpoints: one("/x")}})
	if status, text := get(t, s, "/x"); status != 200 || text != body {
		t.Errorf("answers %d %q", status, text)
	}
	if status, _ := get(t, s, "/y"); status != 404 {
		t.Errorf("an unknown path answers %d", status)
	}
	s.SetFail(1, 503)
	if status, _ := get(t, s, "/x"); status != 503 {
		t.Errorf("set to fail, it answers %d", status)
	}
	s.SetFail(0, 0)
	if status, _ := get(t, s, "/x"); status != 200 {
		t.Errorf("set right again, it answers %d", status)
	}
	if diff := cmp.Diff(Counters{Arrivals: 3, Completions: 3}, s.Counters()); diff != "" {
		t.Error(diff)
	}
}

func TestStartRefuses(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	spec := &scenario.Service{Name: "a", Version: "v1", Endpoints: one("/", scenario.Call{Service: "b", Path: "/"})}
	_, err := Start(t.Context(), Config{Service: spec, Listen: "127.0.0.1:0", Log: log})
	if err == nil || !strings.Contains(err.Error(), "starting workload a-v1: no address for its upstream b") {
		t.Errorf("without an upstream: %v", err)
	}
	first := start(t, Config{Service: &scenario.Service{Name: "a", Endpoints: one("/")}})
	_, err = Start(t.Context(), Config{Service: &scenario.Service{Name: "b"}, Listen: first.Addr(), Log: log})
	if err == nil || !strings.Contains(err.Error(), "starting workload b: ") {
		t.Errorf("on a port in use: %v", err)
	}
}

// TestCallsCarry: what an app passes on, and what it sets.
func TestCallsCarry(t *testing.T) {
	var got http.Header
	var host string
	up := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, host = r.Header, r.Host }))
	defer up.Close()
	ledger := newLedger()
	s := start(t, Config{
		Service:   &scenario.Service{Name: "a", Endpoints: one("/", scenario.Call{Service: "b", Path: "/items", Method: "GET"})},
		Node:      "node-a",
		Upstreams: map[string]string{"b": strings.TrimPrefix(up.URL, "http://")},
		Ledger:    ledger,
	})
	if status, _ := get(t, s, "/", "Traceparent", "00-1", "X-Request-Id", "r1", "Cookie", "secret", truth.CallHeader, "zz"); status != 200 {
		t.Fatalf("answers %d", status)
	}
	if got.Get("Traceparent") != "00-1" || got.Get("X-Request-Id") != "r1" || got.Get("Cookie") != "" || host != "b" {
		t.Errorf("called %s with %v", host, got)
	}
	if id := got.Get(truth.CallHeader); id == "" || id == "zz" {
		t.Errorf("the call has the id %q, want one of its own", id)
	}
	want := []truth.Edge{{Key: truth.Key{Src: "node-a", Dst: "~b", Route: "/items"}, Requests: 1, Unseen: 1, Statuses: map[int]uint64{200: 1}}}
	edges := ledger.Snapshot().Edges
	edges[0].Latencies = nil
	if diff := cmp.Diff(want, edges); diff != "" {
		t.Error(diff)
	}
}

// TestDependencies: what the app answers, by what its dependency does.
func TestDependencies(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/200":
			w.WriteHeader(http.StatusOK)
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/404":
			w.WriteHeader(http.StatusNotFound)
		case "/503":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/302":
			http.Redirect(w, r, "/200", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "100")
		default:
			panic(http.ErrAbortHandler)
		}
	}))
	defer up.Close()
	for path, want := range map[string]int{"/200": 200, "/204": 200, "/404": 500, "/503": 500, "/302": 500, "/cut": 500, "/reset": 500} {
		for _, optional := range []bool{false, true} {
			s := start(t, Config{
				Service:   &scenario.Service{Name: "a", Endpoints: one("/", scenario.Call{Service: "b", Path: path, Method: "GET", Optional: optional})},
				Upstreams: map[string]string{"b": strings.TrimPrefix(up.URL, "http://")},
			})
			if optional {
				want = 200
			}
			if status, _ := get(t, s, "/"); status != want {
				t.Errorf("dependency %s, optional %v: answers %d, want %d", path, optional, status, want)
			}
			s.Close()
		}
	}
}

// TestKillAndRestore: calls at work and waiting lose their connections, none is
// served, and the workload comes back on the same address with the settings made
// meanwhile.
func TestKillAndRestore(t *testing.T) {
	spec := &scenario.Service{Name: "a", Workers: 1, Queue: 10, Endpoints: []scenario.Endpoint{{Path: "/", Method: "GET", Work: constant(time.Hour)}}}
	s := start(t, Config{Service: spec})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if status, _ := get(t, s, "/"); status != 0 {
				t.Errorf("a killed workload answers %d", status)
			}
		})
	}
	for c := s.Counters(); c.Busy != 1 || c.Queued != 2; c = s.Counters() {
		time.Sleep(time.Millisecond)
	}
	s.Kill()
	wg.Wait()
	s.Kill() // twice is once
	s.SetFactor(0)
	s.SetWorkers(2)
	if diff := cmp.Diff(Counters{Arrivals: 3, Abandoned: 3}, s.Counters()); diff != "" {
		t.Error(diff)
	}
	if status, text := get(t, s, "/"); status != 0 || !strings.Contains(text, "refused") {
		t.Errorf("while killed: %d %s", status, text)
	}
	address := s.Addr()
	for range 2 { // twice is once
		if err := s.Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.Addr() != address {
		t.Errorf("restored on %s, was on %s", s.Addr(), address)
	}
	if status, _ := get(t, s, "/"); status != 200 {
		t.Errorf("restored, with work × 0, it answers %d", status)
	}
	if got := s.current().pool.workers; got != 2 {
		t.Errorf("%d workers after the restore, want the 2 set meanwhile", got)
	}
}

// TestManyWaiting: thousands of waiting calls are only that.
func TestManyWaiting(t *testing.T) {
	const n = 2000
	spec := &scenario.Service{Name: "a", Workers: 1, Queue: n, Endpoints: []scenario.Endpoint{{Path: "/", Method: "GET", Work: constant(time.Hour)}}}
	s := start(t, Config{Service: spec})
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			resp, err := client.Get("http://" + s.Addr() + "/")
			if err == nil {
				resp.Body.Close()
			}
		})
	}
	for c := s.Counters(); c.Busy+c.Queued < n; c = s.Counters() {
		time.Sleep(time.Millisecond)
	}
	s.Kill()
	wg.Wait()
	if c := s.Counters(); c.Abandoned != n || c.Completions != 0 {
		t.Errorf("%+v", c)
	}
}
