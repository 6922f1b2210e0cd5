package workload_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/load"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
	"github.com/plimsoll-mesh/plimsoll/lab/workload"
)

// proxy stands in for a sidecar: it tries each call up to tries times, cutting a
// try after perTry, and counts calls and tries on its own.
type proxy struct {
	to            atomic.Pointer[string] // host:port
	tries         int
	perTry        time.Duration
	calls, failed atomic.Uint64
	client        *http.Client
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.calls.Add(1)
	for range p.tries {
		if status := p.try(r); status/100 == 2 {
			w.WriteHeader(status)
			return
		}
	}
	p.failed.Add(1)
	w.WriteHeader(http.StatusGatewayTimeout)
}

func (p *proxy) try(r *http.Request) int {
	ctx, cancel := context.WithTimeout(r.Context(), p.perTry)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://"+*p.to.Load()+r.URL.Path, nil)
	if err != nil {
		return 0
	}
	req.Header = r.Header.Clone()
	resp, err := p.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

const text = `
name: together
seed: 5
services:
- name: front
  workers: 200
  cancel: CANCEL
  endpoints:
  - path: /
    calls:
    - {service: back, path: /items}
- name: back
  workers: 4
  queue: 20
  cancel: CANCEL
  endpoints:
  - path: /items
    work: {dist: lognormal, median: 10ms, sigma: 0.8}
load:
- {service: front, path: /, rps: 400, deadline: DEADLINE}
phases:
- {name: first, from: 0s, until: 500ms, drain: 100ms}
- {name: second, from: 500ms, until: 1s, drain: 0s}
`

func read(t *testing.T, cancel, deadline string) *scenario.Scenario {
	t.Helper()
	docs, err := yamlfile.Parse("together.yaml", []byte(strings.NewReplacer("CANCEL", cancel, "DEADLINE", deadline).Replace(text)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse(docs[0])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTogether drives front → proxy → back at about the capacity of back, so
// that tries are cut, retried, rejected and abandoned, and holds the ledger
// against the counts of everybody else.
func TestTogether(t *testing.T) {
	for name, tc := range map[string]struct{ cancel, deadline string }{
		"users wait":            {"false", "10s"},
		"users go, work stays":  {"false", "30ms"},
		"users go, work is cut": {"true", "30ms"},
	} {
		t.Run(name, func(t *testing.T) {
			s := read(t, tc.cancel, tc.deadline)
			begin := time.Now()
			ledger := truth.New(truth.Config{
				Phase:       func(at time.Time) string { return phaseAt(s, at.Sub(begin)) },
				Route:       func(_, service, _, _ string) string { return service + "-route" },
				ServiceNode: func(service string) string { return "~" + service },
			})
			p := &proxy{tries: 3, perTry: 15 * time.Millisecond, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
			defer p.client.CloseIdleConnections()
			sidecar := httptest.NewServer(p)
			defer sidecar.Close()
			front := run(t, s, ledger, 0, map[string]string{"back": strings.TrimPrefix(sidecar.URL, "http://")})
			back := run(t, s, ledger, 1, nil)
			address := back.Addr()
			p.to.Store(&address)

			plan := load.Plan(s)
			g := load.New(load.Config{Ledger: ledger, Arrivals: plan, Targets: []*load.Target{{
				Service: "front", Addresses: []string{front.Addr()}, Method: "GET", Path: "/", Deadline: s.Load[0].Deadline.D(),
			}}})
			if err := g.Run(t.Context(), begin); err != nil {
				t.Fatal(err)
			}
			quiet(t, ledger, front, back)
			front.Close() // nothing arrives any more
			back.Close()
			check(t, ledger.Snapshot(), g.Window(0, time.Minute), uint64(len(plan)), front.Counters(), back.Counters(), p, tc.deadline == "10s")
		})
	}
}

func phaseAt(s *scenario.Scenario, at time.Duration) string {
	if at < s.Phases[1].From.D() {
		return "first"
	}
	return "second"
}

func run(t *testing.T, s *scenario.Scenario, ledger *truth.Ledger, i int, upstreams map[string]string) *workload.Server {
	t.Helper()
	w, err := workload.Start(t.Context(), workload.Config{
		Service: &s.Services[i], Node: s.Services[i].Name, Listen: "127.0.0.1:0", Upstreams: upstreams,
		Seed: s.Seed, Ledger: ledger, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// quiet waits until nobody works any more, abandoned work included.
func quiet(t *testing.T, ledger *truth.Ledger, servers ...*workload.Server) {
	t.Helper()
	for t.Context().Err() == nil {
		busy := int(ledger.Snapshot().Open)
		for _, s := range servers {
			c := s.Counters()
			busy += c.Busy + c.Queued + int(c.Arrivals-c.Completions-c.Rejected-c.Abandoned)
		}
		if busy == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func check(t *testing.T, a truth.Account, w load.Window, planned uint64, front, back workload.Counters, p *proxy, patient bool) {
	t.Helper()
	sums := map[string]truth.Edge{} // by route, both phases together
	phases := map[string]bool{}
	for _, e := range a.Edges {
		sum := sums[e.Route]
		sum.Requests += e.Requests
		sum.Failures += e.Failures
		sum.Attempts += e.Attempts
		sum.Unseen += e.Unseen
		sum.Latencies = append(sum.Latencies, e.Latencies...)
		sums[e.Route] = sum
		phases[e.Phase] = true
	}
	user, inner := sums["front-route"], sums["back-route"]
	equal := func(what string, got, want uint64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	equal("stray arrivals", a.Stray, 0)
	equal("open calls", a.Open, 0)
	equal("offered", w.Offered, planned)
	equal("ended for users", w.Good+w.Late+w.Failed, planned)
	equal("user requests", user.Requests, planned)
	equal("arrivals at front", user.Attempts, front.Arrivals)
	equal("unseen by front", user.Unseen, planned-front.Arrivals)
	equal("arrivals at back", inner.Attempts, back.Arrivals)
	equal("latencies", uint64(len(user.Latencies)), user.Requests)
	if !phases["first"] || !phases["second"] {
		t.Errorf("edges in the phases %v, want both", phases)
	}
	if inner.Attempts <= inner.Requests-inner.Unseen {
		t.Errorf("%d attempts of %d calls: nothing was retried, the test tests nothing", inner.Attempts, inner.Requests)
	}
	if patient { // then nobody leaves before the proxy has spoken
		equal("calls to back", inner.Requests, p.calls.Load())
		equal("failed calls to back", inner.Failures, p.failed.Load())
		equal("failed for users", w.Failed, p.failed.Load())
		equal("good for users", w.Good, planned-p.failed.Load())
		equal("zombies of front", front.Zombies, 0)
	} else {
		if user.Failures > w.Late+w.Failed { // a 200 that came late is no failure
			t.Errorf("%d failures for users, of which only %d were not served in time", user.Failures, w.Late+w.Failed)
		}
	}
}
