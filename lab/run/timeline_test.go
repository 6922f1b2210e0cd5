package run

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// get returns the status of one request, 0 for none.
func get(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func (b *bench) front() string { return "http://" + loopback(b.apps.pairs[0].model.AppPort) + "/" }

// perform runs one action and looks at the mesh while it lasts, and after it.
func (b *bench) perform(t *testing.T, a scenario.Action, label string, during func()) {
	t.Helper()
	b.clock.begin(time.Now())
	over := make(chan error, 1)
	until := time.Now().Add(300 * time.Millisecond)
	go func() { over <- b.timeline.do(t.Context(), a, until) }()
	waitUntil(t, func() bool { return strings.Contains(b.said.String(), label) })
	during()
	if err := <-over; err != nil {
		t.Errorf("%s: %v", a.Do, err)
	}
}

func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it never came to pass")
}

func lasting(do scenario.Verb) scenario.Action {
	return scenario.Action{Do: do, Service: "front", For: yamlfile.Duration(300 * time.Millisecond)}
}

func TestFailForATime(t *testing.T) {
	b := newBench(t, oneService)
	a := lasting(scenario.Fail)
	a.Rate, a.Code = 1, 502
	b.perform(t, a, "front fails 100 % of calls with 502", func() {
		waitUntil(t, func() bool { return get(t, b.front()) == 502 })
	})
	if got := get(t, b.front()); got != 200 {
		t.Errorf("after it: %d", got)
	}
	if diff := cmp.Diff([]string{"front fails 100 % of calls with 502", "over"}, b.labels()); diff != "" {
		t.Error(diff)
	}
}

func TestKillForATime(t *testing.T) {
	b := newBench(t, oneService)
	a := lasting(scenario.Kill)
	a.Target = scenario.TargetApp
	b.perform(t, a, "front is dead", func() {
		waitUntil(t, func() bool { return get(t, b.front()) == 0 })
	})
	if got := get(t, b.front()); got != 200 {
		t.Errorf("restored: %d", got)
	}
}

func TestScale(t *testing.T) {
	b := newBench(t, strings.Replace(oneService, "mean: 1ms", "mean: 300ms", 1))
	a := scenario.Action{Do: scenario.ScaleWorkers, Service: "front", Version: "v1", Workers: 1}
	if err := b.timeline.do(t.Context(), a, time.Now()); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for range 3 {
		calls.Go(func() { get(t, b.front()) })
	}
	waitUntil(t, func() bool { return b.apps.pairs[0].app.Counters().Arrivals == 3 })
	if c := b.apps.pairs[0].app.Counters(); c.Busy != 1 || c.Queued != 2 {
		t.Errorf("with one worker %d are served and %d wait", c.Busy, c.Queued)
	}
	calls.Wait()
	if b.journal.events[0].Text != "front-v1 has 1 workers" {
		t.Errorf("events %+v", b.journal.events)
	}
}

// TestTouchingActions: the end of an action does not undo the next one, which
// begins at the same moment.
func TestTouchingActions(t *testing.T) {
	b := newBench(t, oneService)
	var actions []scenario.Action
	for i, rate := range []float64{1, 1, 1, 1} {
		a := lasting(scenario.Fail)
		a.At, a.For, a.Rate, a.Code = yamlfile.Duration(i*100)*yamlfile.Duration(time.Millisecond), yamlfile.Duration(100*time.Millisecond), rate, 501+i
		actions = append(actions, a)
	}
	b.clock.begin(time.Now())
	b.timeline.run(t.Context(), time.Now(), actions)
	want := []string{}
	for i := range actions {
		want = append(want, "front fails 100 % of calls with 50"+string(rune('1'+i)), "over")
	}
	if diff := cmp.Diff(want, b.labels()); diff != "" {
		t.Error(diff)
	}
}

func TestUndoes(t *testing.T) {
	slow := func(service string, at, length time.Duration) scenario.Action {
		return scenario.Action{Do: scenario.Slow, Service: service, At: yamlfile.Duration(at), For: yamlfile.Duration(length)}
	}
	for name, tc := range map[string]struct {
		before, next scenario.Action
		want         bool
	}{
		"touching":        {slow("a", 0, time.Second), slow("a", time.Second, time.Second), true},
		"other service":   {slow("a", 0, time.Second), slow("b", time.Second, time.Second), false},
		"still going on":  {slow("a", 0, 2*time.Second), slow("a", time.Second, time.Second), false},
		"nothing to undo": {slow("a", 0, 0), slow("a", 0, time.Second), false},
		"another verb":    {scenario.Action{Do: scenario.Fail, Service: "a", For: 1}, slow("a", time.Second, 1), false},
	} {
		if got := undoes(tc.before, tc.next); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestFailedActionIsNoted: the run goes on; the expectations judge it.
func TestFailedActionIsNoted(t *testing.T) {
	b := newBench(t, oneService)
	b.analyzer.refuse = map[string]error{"Rollback": errors.New("nothing is in force")}
	b.clock.begin(time.Now())
	b.timeline.run(t.Context(), time.Now(), []scenario.Action{{Do: scenario.TuneRollback}, {Do: "dance"}})
	waitUntil(t, func() bool { return len(b.journal.events) == 3 })
	text := b.said.String()
	for _, want := range []string{"tune_rollback failed: rolling back: ", "nothing is in force", `dance failed: the lab cannot do "dance"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
}

// TestAllCopiesComeBack: a copy that cannot be restored does not keep another
// one from it.
func TestAllCopiesComeBack(t *testing.T) {
	b := newBench(t, oneService)
	b.apps.pairs = append(b.apps.pairs, b.apps.pairs[0])
	restored := 0
	err := b.timeline.during(t.Context(), lasting(scenario.Kill), time.Now(), "is tried", func(*pair) error { return nil }, func(*pair) error {
		restored++
		return errors.New("no")
	})
	if err == nil || restored != 2 {
		t.Errorf("%d copies restored, error %v", restored, err)
	}
}

func TestTune(t *testing.T) {
	rec := func(knob, verdict, to string) *tunev1.Recommendation {
		return &tunev1.Recommendation{Knob: knob, Verdict: verdict, To: to}
	}
	change := &meshv1.ProxyChange{Proxy: "front", RuntimeLiveAfter: durationpb.New(2 * time.Millisecond), RoutesLiveAfter: durationpb.New(40 * time.Millisecond)}
	for name, tc := range map[string]struct {
		recommendations []*tunev1.Recommendation
		applied         []*meshv1.ProxyChange
		refuse          map[string]error
		labels          []string
		text, err       string
		marked          bool
	}{
		"something to change": {
			recommendations: []*tunev1.Recommendation{rec("retries", "RECOMMEND", "1"), rec("timeout", "KEEP", "")},
			applied:         []*meshv1.ProxyChange{change},
			labels:          []string{"judged", "applied"}, text: "retries RECOMMEND 1, timeout KEEP", marked: true,
		},
		"a probe": {
			recommendations: []*tunev1.Recommendation{rec("per_try_timeout", "PROBE", "800ms")},
			applied:         []*meshv1.ProxyChange{change},
			labels:          []string{"judged", "applied"}, text: "applied to 1 proxies, live after 40ms", marked: true,
		},
		"nothing to change": {
			recommendations: []*tunev1.Recommendation{rec("timeout", "KEEP", "1s"), rec("retries", "INSUFFICIENT", "")},
			labels:          []string{"judged"}, text: "timeout KEEP 1s, retries INSUFFICIENT",
		},
		"in force already": {
			recommendations: []*tunev1.Recommendation{rec("retries", "RECOMMEND", "1")},
			labels:          []string{"judged", "no change"}, text: "keep these values already", marked: true,
		},
		"a proxy refuses": {
			recommendations: []*tunev1.Recommendation{rec("retries", "RECOMMEND", "1")},
			applied:         []*meshv1.ProxyChange{{Proxy: "front", Error: "bad route"}},
			labels:          []string{"judged"}, err: "front did not take the change: bad route", marked: true,
		},
		"no plan":     {refuse: map[string]error{"Plan": errors.New("no rows")}, err: "asking for a plan: "},
		"not applied": {recommendations: []*tunev1.Recommendation{rec("retries", "RECOMMEND", "1")}, refuse: map[string]error{"Apply": errors.New("down")}, labels: []string{"judged"}, err: "applying plan p: "},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, oneService)
			b.analyzer.plan = &tunev1.Plan{Id: "p", Recommendations: tc.recommendations}
			b.analyzer.applied, b.analyzer.refuse = tc.applied, tc.refuse
			err := b.timeline.do(t.Context(), scenario.Action{Do: scenario.TuneApply, Edge: scenario.Edge{Src: "front", Dst: "back"}}, time.Now())
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
			if diff := cmp.Diff(tc.labels, b.labels()); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(b.said.String(), tc.text) {
				t.Errorf("%q is not said:\n%s", tc.text, b.said)
			}
			if tc.refuse["Plan"] == nil && (len(b.journal.plans) != 1 || b.journal.plans[0].applied != tc.marked) {
				t.Errorf("plans %+v, want one, applied: %v", b.journal.plans, tc.marked)
			}
		})
	}
}

func TestKillStoreWithoutOne(t *testing.T) {
	s := &stack{place: place{root: t.TempDir()}}
	if err := s.killEngine(); err == nil || !strings.HasPrefix(err.Error(), "finding the engine: ") {
		t.Errorf("got %v", err)
	}
}

func TestSleepUntil(t *testing.T) {
	if err := sleepUntil(t.Context(), time.Now().Add(-time.Hour)); err != nil {
		t.Errorf("a moment that has passed: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errAgain)
	if err := sleepUntil(ctx, time.Now().Add(time.Hour)); !errors.Is(err, errAgain) {
		t.Errorf("got %v, want the cause", err)
	}
}
