package load

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/lab/truth"
)

func newLedger() *truth.Ledger {
	return truth.New(truth.Config{
		Phase:       func(time.Time) string { return "" },
		Route:       func(_, _, _, path string) string { return path },
		ServiceNode: func(service string) string { return "~" + service },
	})
}

// site answers by path and reports arrivals to the ledger.
func site(t *testing.T, l *truth.Ledger, paths map[string]http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.Arrived(r.Header.Get(truth.CallHeader), "node")
		paths[r.URL.Path](w, r)
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

func target(address, path string, deadline time.Duration) *Target {
	return &Target{Service: "site", Addresses: []string{address}, Method: "GET", Path: path, Deadline: deadline}
}

// at plans n arrivals of one target, all at once.
func at(when time.Duration, target, n int) []Arrival {
	out := make([]Arrival, n)
	for i := range out {
		out[i] = Arrival{At: when, Target: target}
	}
	return out
}

// TestResults: what the user got decides, and the ledger agrees.
func TestResults(t *testing.T) {
	ledger := newLedger()
	address := site(t, ledger, map[string]http.HandlerFunc{
		"/good":    func(http.ResponseWriter, *http.Request) {},
		"/error":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"/created": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) },
		"/moved":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) },
		"/never":   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/broken":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"/cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("too little"))
		},
	})
	const soon = 50 * time.Millisecond
	g := New(Config{
		Ledger: ledger,
		Targets: []*Target{
			target(address, "/good", time.Minute), target(address, "/error", time.Minute), target(address, "/created", time.Minute),
			target(address, "/moved", time.Minute), target(address, "/never", soon), target(address, "/broken", time.Minute),
			target(address, "/cut", time.Minute), target("127.0.0.1:1", "/nobody", time.Minute), target("no address", "/", time.Minute),
		},
		Arrivals: append(at(0, 0, 3), append(at(0, 4, 2), Arrival{Target: 1}, Arrival{Target: 2}, Arrival{Target: 3}, Arrival{Target: 5}, Arrival{Target: 6}, Arrival{Target: 7}, Arrival{Target: 8})...),
	})
	if err := g.Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	w := g.Window(0, time.Second)
	if diff := cmp.Diff(Counts{Offered: 12, Good: 3, Late: 2, Failed: 7}, w.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Counts{w.Counts}, g.Seconds()); diff != "" {
		t.Error(diff)
	}
	if len(w.Scheduled) != 3 || len(w.Sent) != 3 {
		t.Errorf("%d and %d latencies, want those of 3 good requests", len(w.Scheduled), len(w.Sent))
	}
	got := map[string][]uint64{}
	for _, e := range ledger.Snapshot().Edges {
		got[e.Route+" "+e.Dst] = []uint64{e.Requests, e.Failures}
	}
	want := map[string][]uint64{
		"/good node": {3, 0}, "/error node": {1, 1}, "/created node": {1, 0}, "/moved node": {1, 0},
		"/never node": {2, 2}, "/broken node": {1, 1}, "/cut node": {1, 1}, "/nobody ~site": {1, 1}, "/ ~site": {1, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRequest(t *testing.T) {
	ledger := newLedger()
	var got http.Header
	var host, method string
	address := site(t, ledger, map[string]http.HandlerFunc{"/x": func(_ http.ResponseWriter, r *http.Request) {
		got, host, method = r.Header, r.Host, r.Method
	}})
	g := New(Config{
		Ledger:   ledger,
		Targets:  []*Target{{Service: "site", Addresses: []string{address}, Host: "site.local", Method: "POST", Path: "/x", Headers: map[string]string{"end-user": "jason"}, Deadline: time.Minute}},
		Arrivals: at(0, 0, 1),
	})
	if err := g.Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if got.Get("End-User") != "jason" || host != "site.local" || method != "POST" || got.Get(truth.CallHeader) == "" {
		t.Errorf("%s to %s with %v", method, host, got)
	}
}

// TestOpenLoop: no answer is given before all requests have come. A generator
// that waited for one before it sent the next would never get any.
func TestOpenLoop(t *testing.T) {
	const n = 300
	ledger := newLedger()
	var arrived atomic.Int64
	all := make(chan struct{})
	address := site(t, ledger, map[string]http.HandlerFunc{"/": func(http.ResponseWriter, *http.Request) {
		if arrived.Add(1) == n {
			close(all)
		}
		<-all
	}})
	g := New(Config{Ledger: ledger, Targets: []*Target{target(address, "/", time.Minute)}, Arrivals: at(0, 0, n)})
	if err := g.Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if w := g.Window(0, time.Second); w.Good != n {
		t.Errorf("%+v, want %d good", w.Counts, n)
	}
}

// TestLateSending: a request that is sent long after it was due has less time
// left, and what the user waited counts from when it was due.
func TestLateSending(t *testing.T) {
	ledger := newLedger()
	address := site(t, ledger, map[string]http.HandlerFunc{"/": func(http.ResponseWriter, *http.Request) {}})
	g := New(Config{
		Ledger:   ledger,
		Targets:  []*Target{target(address, "/", 2*time.Hour), target(address, "/", 30*time.Minute)},
		Arrivals: []Arrival{{Target: 0}, {Target: 1}},
	})
	if err := g.Run(t.Context(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	w := g.Window(0, time.Second)
	if w.Good != 1 || w.Late != 1 {
		t.Fatalf("%+v, want one good and one late", w.Counts)
	}
	if hour := time.Hour.Microseconds(); w.Scheduled[0] < hour || w.Sent[0] >= hour {
		t.Errorf("waited %d µs, sent %d µs ago; want an hour, and less", w.Scheduled[0], w.Sent[0])
	}
}

func TestRunStops(t *testing.T) {
	ledger := newLedger()
	came := make(chan struct{})
	address := site(t, ledger, map[string]http.HandlerFunc{"/": func(_ http.ResponseWriter, r *http.Request) {
		close(came)
		<-r.Context().Done()
	}})
	g := New(Config{
		Ledger: ledger, Targets: []*Target{target(address, "/", time.Hour)},
		Arrivals: append(at(0, 0, 1), at(30*time.Minute, 0, 5)...),
	})
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-came
		if n := g.InFlight(); n != 1 {
			t.Errorf("%d in flight, want 1", n)
		}
		cancel(enough)
	}()
	if err := g.Run(ctx, time.Now()); !errors.Is(err, enough) {
		t.Errorf("Run says %v", err)
	}
	if n := g.InFlight(); n != 0 {
		t.Errorf("%d in flight after Run", n)
	}
	if diff := cmp.Diff(Counts{Offered: 1, Failed: 1}, g.Window(0, time.Hour).Counts); diff != "" {
		t.Error(diff)
	}
	if open := ledger.Snapshot().Open; open != 0 {
		t.Errorf("%d calls are still open", open)
	}
}

// TestReplicasTakeTurns: with several addresses each gets its share.
func TestReplicasTakeTurns(t *testing.T) {
	target := &Target{Addresses: []string{"a", "b", "c"}}
	seen := map[string]int{}
	for range 30 {
		seen[target.address()]++
	}
	for _, a := range target.Addresses {
		if seen[a] != 10 {
			t.Errorf("%s got %d of 30 requests", a, seen[a])
		}
	}
}
