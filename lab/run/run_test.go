package run

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
)

const tinyScenario = `
name: small
services:
- name: front
  endpoints: [{path: /, work: {dist: constant, mean: 1ms}, calls: [{service: back, path: /items}]}]
- name: back
  version: v1
  endpoints: [{path: /items, work: {dist: constant, mean: 1ms}}]
load: [{service: front, path: /, rps: 30, deadline: 1s}]
phases:
- {name: calm, from: 0s, until: 1200ms}
- {name: slow, from: 1200ms, until: 2s}
timeline: [{at: 1200ms, do: slow, service: back, factor: 2, for: 300ms}]
expect:
- {name: offered, that: phase.calm.offered > 0}
- {name: never, that: phase.slow.offered < 0}
`

// progress keeps what a run says and tells when a line comes.
type progress struct {
	mu    sync.Mutex
	text  bytes.Buffer
	hooks map[string]func() // part of a line → called once when it is said
}

func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for part, f := range p.hooks {
		if strings.Contains(string(b), part) {
			delete(p.hooks, part)
			f()
		}
	}
	return p.text.Write(b)
}

func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// testPorts keeps the labs of the tests apart from each other.
var testPorts = 17200

// fakeOptions run a scenario with fake children in a directory of its own.
func fakeOptions(t *testing.T, text string) (Options, *progress) {
	t.Helper()
	s, err := parse(t, text)
	if err != nil {
		t.Fatal(err)
	}
	tmp, err := os.MkdirTemp("", "lab")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	t.Setenv("TMPDIR", tmp)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testPorts = 17200 + (testPorts-17200+20)%80
	p := &progress{hooks: map[string]func(){}}
	return Options{
		Scenario: s, BasePort: testPorts, Plimsoll: self, Envoy: self, Library: "/libchdb.so", Progress: p,
		Log: slog.New(slog.DiscardHandler),
	}, p
}

// nothingLeft fails if the run left files, or processes that know of them.
func nothingLeft(t *testing.T) {
	t.Helper()
	tmp := os.Getenv("TMPDIR")
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	noProcess(t, tmp)
}

func noProcess(t *testing.T, part string) {
	t.Helper()
	list, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		text, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && strings.Contains(string(text), part) {
			t.Errorf("process %s is left: %q", e.Name(), text)
		}
	}
}

func TestRun(t *testing.T) {
	opts, said := fakeOptions(t, tinyScenario)
	opts.Seed, opts.Version = 9, "test"
	r, err := Run(t.Context(), opts, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	nothingLeft(t)
	if r.Scenario != "small" || r.Seed != 9 || r.DurationS != 2 || len(r.Phases) != 2 || len(r.Series) < 2 {
		t.Errorf("report of %s, seed %d, %g s, %d phases, %d seconds", r.Scenario, r.Seed, r.DurationS, len(r.Phases), len(r.Series))
	}
	for _, p := range r.Phases {
		if p.Offered == 0 || p.OK != p.Offered || p.Goodput != 1 {
			t.Errorf("%+v: want all served", p)
		}
	}
	truth := map[string]report.Edge{}
	for _, e := range r.Truth.Edges {
		truth[e.Phase+" "+e.Dst] = e
	}
	front, back := truth["calm small/local/default/front"], truth["calm small/local/default/back-v1"]
	if front.Requests != uint64(r.Phases[0].Offered) || back.Requests != front.Requests || back.Attempts != back.Requests {
		t.Errorf("offered %d, counted %d at front, %d at back in %d tries", r.Phases[0].Offered, front.Requests, back.Requests, back.Attempts)
	}
	if len(r.Expectations) != 2 || !r.Expectations[0].Holds || r.Expectations[1].Holds {
		t.Errorf("expectations %+v", r.Expectations)
	}
	if len(r.Events) != 2 || r.Events[0].Label != "back slow ×2" || r.Events[1].Label != "over" {
		t.Errorf("events %+v", r.Events)
	}
	tel := r.Telemetry
	if tel.Rows != 10 || tel.ALSWritten != 10 || tel.Completeness == nil || *tel.Completeness != 1 || tel.FirstEdgeS == nil {
		t.Errorf("telemetry %+v", tel)
	}
	if r.Versions["envoy"] != "1.40.0" || r.Versions["clickhouse"] != "26.7" || r.Versions["plimsoll"] != "test" {
		t.Errorf("versions %v", r.Versions)
	}
	for _, want := range []string{"– calm, until 1.2s", "to go", "• back slow ×2", "no SLO"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("progress lacks %q:\n%s", want, said)
		}
	}
}

// TestRunWithoutAnEdge: a graph that stays empty ends no run and hangs none.
func TestRunWithoutAnEdge(t *testing.T) {
	t.Setenv(misbehave, "analyzer:blind")
	opts, _ := fakeOptions(t, tinyScenario)
	r, err := Run(t.Context(), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Telemetry.FirstEdgeS != nil || len(r.Observed.Edges) != 0 {
		t.Errorf("first edge after %v, %d observed", *r.Telemetry.FirstEdgeS, len(r.Observed.Edges))
	}
	if len(r.Witness.Unexplained) == 0 {
		t.Error("edges that nobody observed differ from nothing")
	}
}

// TestOwnStore: of a store that is not the lab's own, no rows are counted.
func TestOwnStore(t *testing.T) {
	opts, _ := fakeOptions(t, tinyScenario)
	opts.Store = "http://127.0.0.1:1?database=lab"
	r, err := Run(t.Context(), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := r.Versions["clickhouse"]; known || r.Telemetry.Completeness != nil || r.Telemetry.Rows != 0 {
		t.Errorf("telemetry %+v, versions %v", r.Telemetry, r.Versions)
	}
	nothingLeft(t)
}

// TestTwoLabsAtOnce: labs with different first ports share nothing.
func TestTwoLabsAtOnce(t *testing.T) {
	opts, _ := fakeOptions(t, tinyScenario)
	var labs sync.WaitGroup
	for i := range 2 {
		mine := opts
		mine.BasePort, mine.Progress, mine.Seed = opts.BasePort+20*i, nil, uint64(i+1)
		labs.Go(func() {
			r, err := Run(t.Context(), mine, nil)
			if err != nil || r.Seed != mine.Seed || r.Phases[0].Goodput != 1 {
				t.Errorf("lab %d: report %+v, error %v", i, r, err)
			}
		})
	}
	labs.Wait()
	nothingLeft(t)
}

// TestStop: whenever the context ends, as by Ctrl-C with a cause of its own, all
// children and files are gone.
func TestStop(t *testing.T) {
	for name, tc := range map[string]struct{ on, misbehave string }{
		"while the store starts":     {"starting the store", "store:hangs"},
		"while the collector starts": {"starting the store", "collector:hangs"},
		"while proxies start":        {"starting 2 applications", "envoy:hangs"},
		"under load":                 {"offered", ""},
		"while rows settle":          {"waiting until", "analyzer:stuck"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(misbehave, tc.misbehave)
			opts, said := fakeOptions(t, tinyScenario)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			said.hooks[tc.on] = func() { cancel(errors.New("interrupt signal received")) }
			_, err := Run(ctx, opts, nil)
			if !errors.Is(err, ErrStopped) {
				t.Errorf("got %v, want %v\n%s", err, ErrStopped, said)
			}
			nothingLeft(t)
		})
	}
}

// TestChildDies: whoever dies, the error names it with its last words and where
// the logs are.
func TestChildDies(t *testing.T) {
	for name, want := range map[string]string{
		"store:fails":     "store ended: exit status 1; it last said:\n  store: told to fail",
		"collector:fails": "collector ended: exit status 1; it last said:\n  collector: told to fail",
		"analyzer:fails":  "analyzer ended: exit status 1; it last said:\n  analyzer: told to fail",
		"envoy:fails":     "ended: exit status 1; it last said:\n  envoy: told to fail",
		"analyzer:dies":   "analyzer ended: exit status 3; it last said:\n  analyzer was told to die",
		"envoy:dies":      "ended: exit status 3; it last said:\n  envoy was told to die",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(misbehave, name)
			opts, _ := fakeOptions(t, tinyScenario)
			_, err := Run(t.Context(), opts, nil)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want %s", err, want)
			}
			_, logs, ok := strings.Cut(err.Error(), "the logs of the run are in ")
			if files, _ := filepath.Glob(filepath.Join(logs, "*.log")); !ok || len(files) == 0 {
				t.Errorf("no logs where the error says they are: %v", err)
			}
			noProcess(t, os.Getenv("TMPDIR"))
			if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); len(left) != 1 {
				t.Errorf("left besides the logs: %v", left)
			}
		})
	}
}

func TestKeep(t *testing.T) {
	opts, _ := fakeOptions(t, tinyScenario)
	opts.Keep = true
	ctx, cancel := context.WithCancel(t.Context())
	var kept Addresses
	r, err := Run(ctx, opts, func(r *report.Report, a Addresses) {
		kept = a
		if _, err := os.Stat(a.TokenFile); err != nil {
			t.Errorf("viewer token: %v", err)
		}
		if c, err := net.Dial("tcp", strings.TrimPrefix(a.Analyzer, "http://")); err != nil {
			t.Errorf("the analyzer is gone: %v", err)
		} else {
			c.Close()
		}
		cancel()
	})
	if err != nil || r == nil {
		t.Fatalf("report %v, error %v", r, err)
	}
	if !strings.HasPrefix(kept.Users, "http://127.0.0.1:") || !strings.HasSuffix(kept.Users, "/") || kept.Directory == "" {
		t.Errorf("addresses %+v", kept)
	}
	nothingLeft(t)
}

// TestKeptChildDies: a lab that is kept says so when part of it is gone.
func TestKeptChildDies(t *testing.T) {
	opts, _ := fakeOptions(t, tinyScenario)
	opts.Keep = true
	r, err := Run(t.Context(), opts, func(_ *report.Report, a Addresses) {
		pid, err := os.ReadFile(filepath.Join(a.Directory, "engine", "engine.pid"))
		if err != nil {
			t.Fatal(err)
		}
		killPid(t, string(pid))
	})
	if r == nil || err == nil || !strings.Contains(err.Error(), "store ended: signal: killed") {
		t.Errorf("report %v, error %v", r != nil, err)
	}
	noProcess(t, os.Getenv("TMPDIR"))
}

// TestRefusedBeforeAnythingStarts: no child is started, and no file is left, for
// what can be known before.
func TestRefusedBeforeAnythingStarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, tc := range map[string]struct {
		change func(t *testing.T, o *Options)
		want   string
	}{
		"a port is taken": {func(_ *testing.T, o *Options) { o.BasePort = l.Addr().(*net.TCPAddr).Port }, "needed for the analyzer, is taken"},
		"sockets in too deep a directory": {func(t *testing.T, _ *Options) {
			deep := filepath.Join(os.Getenv("TMPDIR"), strings.Repeat("d", 90))
			if err := os.Mkdir(deep, 0o700); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if left, _ := filepath.Glob(deep + "/*"); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
			t.Setenv("TMPDIR", deep)
		}, "set TMPDIR to a shorter directory"},
		"no Envoy":                {func(_ *testing.T, o *Options) { o.Envoy = "/none/envoy" }, "does not run on this machine"},
		"an Envoy that is not":    {func(_ *testing.T, o *Options) { o.Envoy = "/bin/echo" }, "does not say that it is Envoy"},
		"an Envoy that fails":     {func(_ *testing.T, o *Options) { o.Envoy = "/bin/false" }, "--envoy"},
		"store_kill of one's own": {func(_ *testing.T, o *Options) { o.Store = "http://x"; o.Scenario.Timeline[0].Do = "store_kill" }, "store_kill kills the embedded engine only"},
		"objectives": {func(_ *testing.T, o *Options) {
			o.CheckSLOs = func([]yamlfile.Doc) error { return errors.New("slo.yaml:3: spec: bad") }
		}, "slo.yaml:3"},
		"too short": {func(_ *testing.T, o *Options) { o.Duration = time.Millisecond }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			opts, said := fakeOptions(t, tinyScenario)
			tc.change(t, &opts)
			_, err := Run(t.Context(), opts, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "logs of the run") {
				t.Errorf("logs of what never ran: %v", err)
			}
			if strings.Contains(said.String(), "starting") {
				t.Errorf("something was started:\n%s", said)
			}
			noProcess(t, os.Getenv("TMPDIR"))
		})
	}
}

// TestWarningsAreShown: the mesh takes a route to an unknown subset, as Istio
// does, and says so.
func TestWarningsAreShown(t *testing.T) {
	const odd = `
mesh:
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata: {name: back}
  spec:
    hosts: [back]
    http:
    - name: items
      route: [{destination: {host: back}, weight: 100}, {destination: {host: back, subset: v9}, weight: 0}]
`
	opts, said := fakeOptions(t, tinyScenario+odd)
	warnings, err := Check(opts.Scenario, nil)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "v9") {
		t.Fatalf("warnings %q, error %v", warnings, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	said.hooks["starting the store"] = cancel
	if _, err := Run(ctx, opts, nil); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	if !strings.Contains(said.String(), "warning: "+warnings[0]) {
		t.Errorf("the warning is not shown:\n%s", said)
	}
}
