package run

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// admin serves counters on the admin socket of a pair.
func admin(t *testing.T, p *pair, text string) {
	t.Helper()
	p.paths.AdminSocket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", p.paths.AdminSocket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, text)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
}

const written = "access_logs.grpc_access_log.logs_written: "

// TestKilledProxiesCount: what a proxy had written before it was killed stays in
// the sums, also while nobody answers.
func TestKilledProxiesCount(t *testing.T) {
	b := newBench(t, strings.Replace(oneService, "version: v1", "version: v1, replicas: 2", 1))
	set := process.NewSet()
	defer set.Close()
	first, second := b.apps.pairs[0], b.apps.pairs[1]
	first.proxy, second.proxy = child(t, set, "sleep 1000"), child(t, set, "sleep 1000")
	admin(t, first, written+"7\n")
	admin(t, second, written+"2\n")
	if s := b.apps.stats(t.Context()); len(s) != 1 || s[first.node].LogsWritten() != 9 {
		t.Errorf("copies of one workload add up to %v", s)
	}
	if err := b.apps.killProxy(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	select {
	case <-first.proxy.Done():
	default:
		t.Error("the proxy lives")
	}
	first.paths.AdminSocket = filepath.Join(t.TempDir(), "gone")
	if n := b.apps.stats(t.Context())[first.node].LogsWritten(); n != 9 {
		t.Errorf("while it is dead: %v written, want 9", n)
	}
	admin(t, first, written+"1\n")
	if n := b.apps.stats(t.Context())[first.node].LogsWritten(); n != 10 {
		t.Errorf("after its return: %v written, want 10", n)
	}
	first.paths.AdminSocket = filepath.Join(t.TempDir(), "gone")
	if err := b.apps.killProxy(t.Context(), first); err == nil || !strings.HasPrefix(err.Error(), "keeping the counters of a proxy: ") {
		t.Errorf("counters that are lost are not told of: %v", err)
	}
	select {
	case err := <-set.Failed():
		t.Errorf("what the timeline kills is a failure: %v", err)
	default:
	}
}

// TestKilledProxyThatDoesNotReturn is a failed action.
func TestKilledProxyThatDoesNotReturn(t *testing.T) {
	b := newBench(t, oneService)
	set := process.NewSet()
	defer set.Close()
	b.apps.children, b.apps.logs = set, t.TempDir()
	b.apps.opts.Envoy = program(t, "exit 9")
	p := b.apps.pairs[0]
	p.paths.Bootstrap = filepath.Join(t.TempDir(), "bootstrap.json")
	p.proxy = child(t, set, "sleep 1000")
	a := scenario.Action{Do: scenario.Kill, Service: "front", Target: scenario.TargetProxy, For: 1}
	admin(t, p, "")
	err := b.timeline.do(t.Context(), a, time.Now())
	// The admin socket of the test answers for the dead proxy; what then fails is
	// the run, through the set.
	if err == nil {
		err = <-set.Failed()
	}
	if err == nil || !strings.Contains(err.Error(), "envoy-front-v1 ended: exit status 9") {
		t.Errorf("got %v", err)
	}
}

func TestFind(t *testing.T) {
	b := newBench(t, twoPhases)
	for want, pairs := range map[string][]*pair{
		"back-v1 back-v2": b.apps.find("back", ""),
		"back-v2":         b.apps.find("back", "v2"),
		"front":           b.apps.find("front", ""),
		"":                b.apps.find("nobody", ""),
	} {
		var names []string
		for _, p := range pairs {
			names = append(names, p.model.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}

// TestTargets: users call every copy of every version, with what the load says.
func TestTargets(t *testing.T) {
	b := newBench(t, strings.Replace(twoPhases, "load: [{service: front, path: /, rps: 40, deadline: 1s}]",
		"load: [{service: back, path: /items, rps: 40, deadline: 700ms, headers: {x-user: ann}}, {service: front, path: /, rps: 1}]", 1))
	list := b.apps.targets()
	if len(list) != 2 || len(list[0].Addresses) != 2 || len(list[1].Addresses) != 1 {
		t.Fatalf("targets %+v", list)
	}
	if x := list[0]; x.Service != "back" || x.Host != "back" || x.Path != "/items" || x.Method != http.MethodGet || x.Deadline != 700*time.Millisecond {
		t.Errorf("target %+v", x)
	}
	if diff := cmp.Diff(map[string]string{"x-user": "ann"}, list[0].Headers); diff != "" {
		t.Error(diff)
	}
	if list[0].Addresses[0] != loopback(b.apps.pairs[1].model.InboundPort) {
		t.Errorf("users call %s, not the proxy", list[0].Addresses[0])
	}
}

// TestStackServes: the lab's own servers end with it, and a taken port is told.
func TestStackServes(t *testing.T) {
	s := &stack{opts: Options{Log: slog.New(slog.DiscardHandler)}, place: place{root: t.TempDir()}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := s.serve(port, http.NotFoundHandler()); err == nil || !strings.HasPrefix(err.Error(), "listening for the lab: ") {
		t.Errorf("on a taken port: %v", err)
	}
	l.Close()
	url, err := s.startHook(port)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, url); got != http.StatusBadRequest {
		t.Errorf("an unsigned delivery is answered %d", got)
	}
	if n := len(s.hook.Refused()); n != 1 {
		t.Errorf("%d refused deliveries are known", n)
	}
	s.stop()
	if got := get(t, url); got != 0 {
		t.Errorf("after stop: %d", got)
	}
}

func TestForEachGoesOn(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	errs := []error{one, nil, two}
	err := forEach(make([]*pair, 3), func(*pair) error { e := errs[0]; errs = errs[1:]; return e })
	if !errors.Is(err, one) || !errors.Is(err, two) || len(errs) != 0 {
		t.Errorf("got %v", err)
	}
}
