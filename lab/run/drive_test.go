package run

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	slov1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
	"github.com/plimsoll-mesh/plimsoll/lab/workload"
	"github.com/plimsoll-mesh/plimsoll/mesh/filexds"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// bench is a driver over real applications without proxies, with a fake
// analyzer.
type bench struct {
	*driver
	said     *progress
	analyzer *fakeAnalyzer
}

// newBench starts the applications of a scenario; calls go to them directly.
func newBench(t *testing.T, text string) *bench {
	t.Helper()
	s, err := parse(t, text)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{said: &progress{hooks: map[string]func(){}}, analyzer: &fakeAnalyzer{}}
	c := &clock{phases: s.Phases}
	m, workloads := placedMesh(t, s)
	mesh := newCurrentMesh(m)
	ledger := truth.New(truth.Config{
		Phase: c.phase, Route: mesh.route, ServiceNode: func(service string) string { return serviceNode(m, service) },
	})
	a := &apps{opts: Options{Scenario: s, Log: slog.New(slog.DiscardHandler)}}
	b.startApps(t, a, m, ledger)
	j := newJournal(c, b.said)
	client := b.serve(t)
	b.driver = &driver{
		scenario: s, clock: c, apps: a, ledger: ledger, journal: j, api: client,
		restart:  restartRule{stall: -1, goodput: 0.98, pause: 10 * time.Millisecond, wait: time.Second},
		timeline: &timeline{apps: a, stack: &stack{opts: a.opts}, mesh: mesh, workloads: workloads, api: client, journal: j},
	}
	return b
}

// placedMesh places the workloads on free ports; proxies and applications share
// theirs, for there are no proxies.
func placedMesh(t *testing.T, s *scenario.Scenario) (*model.Mesh, []*model.Workload) {
	t.Helper()
	workloads, err := buildWorkloads(s, &ports{next: 30000})
	if err != nil {
		t.Fatal(err)
	}
	byService := map[string]int{}
	for _, w := range workloads {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.AppPort = l.Addr().(*net.TCPAddr).Port
		byService[w.Service] = w.AppPort
		l.Close()
	}
	m, _, err := buildMesh(s.Name, workloads, s.Mesh)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range m.Workloads {
		w.InboundPort = w.AppPort
		for i := range w.Upstreams {
			w.Upstreams[i].LocalPort = byService[w.Upstreams[i].Service]
		}
	}
	return m, workloads
}

func (b *bench) startApps(t *testing.T, a *apps, m *model.Mesh, ledger *truth.Ledger) {
	t.Helper()
	next := 0
	for i := range a.opts.Scenario.Services {
		spec := &a.opts.Scenario.Services[i]
		for range spec.Replicas {
			w := m.Workloads[next]
			next++
			upstreams := map[string]string{}
			for _, u := range w.Upstreams {
				upstreams[u.Service] = loopback(u.LocalPort)
			}
			app, err := workload.Start(t.Context(), workload.Config{
				Service: spec, Node: m.ID(w), Listen: loopback(w.AppPort), Upstreams: upstreams, Ledger: ledger, Log: a.opts.Log,
			})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			a.pairs = append(a.pairs, &pair{
				service: spec, model: w, node: m.ID(w), app: app,
				paths: filexds.Paths{AdminSocket: filepath.Join(dir, "none"), RequestLog: filepath.Join(dir, "log")},
			})
		}
	}
	t.Cleanup(a.stop)
}

// serve starts the fake analyzer and returns its client.
func (b *bench) serve(t *testing.T) *api {
	t.Helper()
	server := httptest.NewServer(b.analyzer.handler())
	t.Cleanup(server.Close)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := newAPI(server.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.close)
	return client
}

func (b *bench) labels() []string {
	var list []string
	for _, e := range b.journal.events {
		list = append(list, e.Label)
	}
	return list
}

const oneService = `
name: small
services:
- {name: front, version: v1, workers: 4, endpoints: [{path: /, work: {dist: constant, mean: 1ms}}]}
load: [{service: front, path: /, rps: 60, deadline: 1s}]
phases: [{name: calm, from: 0s, until: 1100ms, drain: 100ms}]
`

// TestRestartOfTheFirstPhase: what the disturbed attempt counted is forgotten,
// and the second attempt is whole.
func TestRestartOfTheFirstPhase(t *testing.T) {
	b := newBench(t, oneService)
	app := b.apps.pairs[0].app
	app.SetFail(1, 500)
	b.said.hooks["it begins again"] = func() { app.SetFail(0, 0) }
	b.journal.note("from the first attempt", "x")
	result, err := b.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !result.restarted {
		t.Fatalf("the phase did not begin again:\n%s", b.said)
	}
	w := result.load.Window(0, time.Hour)
	if w.Offered == 0 || w.Good != w.Offered {
		t.Errorf("after the restart %d of %d requests are good", w.Good, w.Offered)
	}
	account := b.ledger.Snapshot()
	if len(account.Edges) != 1 || account.Edges[0].Requests != w.Offered || account.Edges[0].Failures != 0 || account.Stray != 0 {
		t.Errorf("ledger %+v, want only the %d requests of the second attempt", account, w.Offered)
	}
	if len(b.journal.events) != 0 {
		t.Errorf("events of the first attempt are kept: %+v", b.journal.events)
	}
	if n := len(result.counters); n != 2 {
		t.Errorf("%d readings of the counters, want one before and one after the phase", n)
	}
}

// TestOnlyTheMachineRestarts: bad goodput alone is the mesh's own, a stall alone
// does no harm, and what the timeline does in the first phase is wanted.
func TestOnlyTheMachineRestarts(t *testing.T) {
	for name, tc := range map[string]struct {
		rule  restartRule
		extra string
		again bool
	}{
		"stall and bad goodput":       {restartRule{stall: -1, goodput: 2}, "", true},
		"bad goodput without a stall": {restartRule{stall: time.Hour, goodput: 2}, "", false},
		"a stall without harm":        {restartRule{stall: -1, goodput: 0.01}, "", false},
		"a wanted disturbance":        {restartRule{stall: -1, goodput: 2}, "timeline: [{at: 100ms, do: scale, service: front, workers: 3}]\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneService+tc.extra)
			b.restart = tc.rule
			result, again, err := b.once(t.Context(), true)
			if err != nil || again != tc.again || result == nil {
				t.Errorf("again %v, error %v", again, err)
			}
		})
	}
}

// TestRestartsOnce: a machine that stalls again gets its report all the same.
func TestRestartsOnce(t *testing.T) {
	b := newBench(t, oneService)
	b.restart.goodput = 2
	result, err := b.run(t.Context())
	if err != nil || !result.restarted {
		t.Errorf("restarted %v, error %v", result, err)
	}
	if n := strings.Count(b.said.String(), "begins again"); n != 1 {
		t.Errorf("it began again %d times", n)
	}
}

func TestDriveStops(t *testing.T) {
	b := newBench(t, oneService+"timeline: [{at: 0s, do: slow, service: front, factor: 2, for: 1s}]\n")
	ctx, cancel := context.WithCancel(t.Context())
	b.said.hooks["slow ×2"] = cancel
	if _, err := b.run(ctx); err == nil {
		t.Error("a run that was stopped has a result")
	}
	if strings.Contains(b.said.String(), "failed") {
		t.Errorf("being stopped is told as a failure:\n%s", b.said)
	}
}

// TestQuieten: the second attempt does not begin while the first one's calls are
// being served, unless they never end.
func TestQuieten(t *testing.T) {
	b := newBench(t, strings.Replace(oneService, "mean: 1ms", "mean: 400ms", 1))
	b.restart.wait = 50 * time.Millisecond
	done := make(chan struct{})
	go func() {
		defer close(done)
		call := b.ledger.Begin("x", "", "front", "GET", "/")
		get(t, "http://"+loopback(b.apps.pairs[0].model.AppPort)+"/")
		call.End(200)
	}()
	for b.apps.idle() {
		time.Sleep(time.Millisecond)
	}
	begun := time.Now()
	if err := b.quieten(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.apps.idle() {
		t.Errorf("the call ended within %s", time.Since(begun))
	}
	b.restart.wait = time.Minute
	if err := b.quieten(t.Context()); err != nil || !b.apps.idle() {
		t.Errorf("quiet, yet a call is being served; error %v", err)
	}
	<-done
}

func TestOfferedIn(t *testing.T) {
	phases := testClock().phases
	for at, want := range map[time.Duration]string{
		0: "calm", 39 * time.Second: "calm", 40 * time.Second: "settle", 49 * time.Second: "", 60 * time.Second: "gap", 70 * time.Second: "",
	} {
		if got := offeredIn(phases, at).Name; got != want {
			t.Errorf("load at %s belongs to %q, want %q", at, got, want)
		}
	}
}

// TestBudget: what is printed of the error budget, and what is kept for the chart.
func TestBudget(t *testing.T) {
	half := 0.5
	for name, tc := range map[string]struct {
		slos []*slov1.SLOStatus
		err  error
		want string
		kept map[int]float64
	}{
		"no SLO":    {nil, nil, "- (no SLO)", map[int]float64{}},
		"no data":   {[]*slov1.SLOStatus{{Name: "a"}}, nil, "- (no data yet)", map[int]float64{}},
		"half":      {[]*slov1.SLOStatus{{Name: "a", State: "ok", BudgetRemaining: &half}}, nil, "50.0 % (ok)", map[int]float64{7: 0.5}},
		"no answer": {nil, fmt.Errorf("down"), "? (no answer)", map[int]float64{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneService)
			b.analyzer.slos, b.analyzer.refuse = tc.slos, map[string]error{"ListSLOs": tc.err}
			if got := b.budget(t.Context(), 7); got != tc.want {
				t.Errorf("budget %q, want %q", got, tc.want)
			}
			if diff := cmp.Diff(tc.kept, b.journal.budgets); diff != "" {
				t.Error(diff)
			}
		})
	}
}
