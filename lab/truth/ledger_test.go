package truth

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is a time that a test moves by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ledger has the phase "calm" for a minute, then "late"; routes are named after
// what they are asked for.
func ledger() (*Ledger, *clock) {
	c := &clock{at: zero}
	return New(Config{
		Now: c.now,
		Phase: func(at time.Time) string {
			if at.Sub(zero) < time.Minute {
				return "calm"
			}
			return "late"
		},
		Route: func(src, dst, method, path string) string {
			return fmt.Sprintf("%s>%s %s %s", src, dst, method, path)
		},
		ServiceNode: func(service string) string { return "m/local/default/~" + service },
	}), c
}

const (
	user  = "unknown/default"
	front = "m/local/default/front"
	back1 = "m/local/default/back-v1"
	back2 = "m/local/default/back-v2"
)

func toBack(l *Ledger) *Call { return l.Begin(front, "front", "back", "GET", "/items") }

func TestAccount(t *testing.T) {
	l, c := ledger()

	fine := l.Begin(user, "", "front", "GET", "/")
	l.Arrived(fine.ID(), front)
	retried := toBack(l) // arrives at one version, then at the other
	l.Arrived(retried.ID(), back1)
	l.Arrived(retried.ID(), back2)
	refused := toBack(l) // answered, but not well
	l.Arrived(refused.ID(), back2)
	unseen := toBack(l) // its proxy answered by itself
	open := toBack(l)
	l.Arrived(open.ID(), back1)

	c.pass(20 * time.Millisecond)
	retried.End(200)
	refused.End(503)
	unseen.End(503)
	c.pass(5 * time.Millisecond)
	if took := fine.End(200); took != 25*time.Millisecond {
		t.Errorf("End says %v, want 25ms", took)
	}

	want := Account{
		Open: 1,
		Edges: []Edge{
			{Key: Key{"calm", front, back2, "front>back GET /items"}, Requests: 2, Failures: 1, Attempts: 3, Statuses: map[int]uint64{200: 1, 503: 1}, Latencies: []int64{20_000, 20_000}},
			{Key: Key{"calm", front, "m/local/default/~back", "front>back GET /items"}, Requests: 1, Failures: 1, Unseen: 1, Statuses: map[int]uint64{503: 1}, Latencies: []int64{20_000}},
			{Key: Key{"calm", user, front, ">front GET /"}, Requests: 1, Attempts: 1, Statuses: map[int]uint64{200: 1}, Latencies: []int64{25_000}},
		},
	}
	if diff := cmp.Diff(want, l.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

func TestFailures(t *testing.T) {
	for status, failed := range map[int]uint64{0: 1, 200: 0, 302: 0, 404: 0, 499: 0, 500: 1, 504: 1} {
		l, _ := ledger()
		toBack(l).End(status)
		if got := l.Snapshot().Edges[0].Failures; got != failed {
			t.Errorf("status %d counts %d failures, want %d", status, got, failed)
		}
	}
}

func TestPhaseIsThatOfTheBeginning(t *testing.T) {
	l, c := ledger()
	call := toBack(l)
	c.pass(2 * time.Minute)
	l.Arrived(call.ID(), back1)
	call.End(200)
	toBack(l).End(0)
	var got []string
	for _, e := range l.Snapshot().Edges {
		got = append(got, e.Phase)
	}
	if diff := cmp.Diff([]string{"calm", "late"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestLateArrivals: a try may reach its app after the caller has given up; it
// counts for Grace, and is stray afterwards.
func TestLateArrivals(t *testing.T) {
	l, c := ledger()
	call := toBack(l)
	call.End(0)
	c.pass(Grace)
	toBack(l).End(200) // lets the ledger fold what is older than Grace: not yet the first
	l.Arrived(call.ID(), back1)
	if e := l.Snapshot().Edges[0]; e.Dst != back1 || e.Attempts != 1 {
		t.Errorf("an arrival within the grace gives %+v", e)
	}
	c.pass(time.Second)
	toBack(l).End(200)
	l.Arrived(call.ID(), back2)
	a := l.Snapshot()
	if e := a.Edges[0]; e.Dst != back1 || e.Attempts != 1 || a.Stray != 1 {
		t.Errorf("an arrival after the grace gives %+v, %d stray", e, a.Stray)
	}
}

func TestStray(t *testing.T) {
	l, _ := ledger()
	toBack(l)
	for _, id := range []string{"", "not an id", "zz", "1", "-1"} {
		l.Arrived(id, back1)
	}
	if got := l.Snapshot().Stray; got != 3 { // all but none and the open call's
		t.Errorf("%d stray, want 3", got)
	}
}

func TestEndTwice(t *testing.T) {
	l, c := ledger()
	call := toBack(l)
	call.End(200)
	c.pass(time.Second)
	call.End(0)
	e := l.Snapshot().Edges[0]
	if e.Requests != 1 || e.Failures != 0 || e.Latencies[0] != 0 {
		t.Errorf("the second end counts: %+v", e)
	}
}

// TestReset: what began before does not count afterwards, nor is it stray.
func TestReset(t *testing.T) {
	l, _ := ledger()
	before := toBack(l)
	l.Reset()
	l.Arrived(before.ID(), back1)
	before.End(200)
	after := toBack(l)
	l.Arrived(after.ID(), back1)
	after.End(200)
	a := l.Snapshot()
	if len(a.Edges) != 1 || a.Edges[0].Requests != 1 || a.Stray != 0 || a.Open != 0 {
		t.Errorf("after a reset: %+v", a)
	}
}

// TestMemory: ended calls do not pile up, nor do latencies.
func TestMemory(t *testing.T) {
	l, c := ledger()
	for range MaxLatencies + 10_000 {
		call := toBack(l)
		l.Arrived(call.ID(), back1)
		call.End(200)
		c.pass(100 * time.Microsecond) // 10,000/s
	}
	if perGrace := int(10_000 * Grace / time.Second); len(l.calls) > perGrace+1 {
		t.Errorf("%d calls kept singly, want at most %d", len(l.calls), perGrace+1)
	}
	e := l.Snapshot().Edges[0]
	if e.Requests != MaxLatencies+10_000 || len(e.Latencies) != MaxLatencies {
		t.Errorf("%d requests with %d latencies, want %d with %d", e.Requests, len(e.Latencies), MaxLatencies+10_000, MaxLatencies)
	}
}

// TestSnapshotIsACopy: it neither changes later nor changes the ledger.
func TestSnapshotIsACopy(t *testing.T) {
	l, c := ledger()
	toBack(l).End(200)
	c.pass(2 * Grace)
	toBack(l).End(200) // folds the first
	a := l.Snapshot()
	a.Edges[0].Statuses[200] = 99
	a.Edges[0].Latencies[0] = 99
	toBack(l).End(500)
	b := l.Snapshot()
	if b.Edges[0].Statuses[200] != 2 || b.Edges[0].Latencies[0] != 0 || b.Edges[0].Requests != 3 {
		t.Errorf("the second snapshot is %+v", b.Edges[0])
	}
	if a.Edges[0].Requests != 2 {
		t.Errorf("the first snapshot has changed to %+v", a.Edges[0])
	}
}

// TestConcurrent: totals are exact whatever the interleaving.
func TestConcurrent(t *testing.T) {
	l, _ := ledger()
	const callers, each = 8, 500
	var wg sync.WaitGroup
	for g := range callers {
		wg.Go(func() {
			for i := range each {
				call := toBack(l)
				for range 1 + i%3 {
					l.Arrived(call.ID(), back1)
				}
				call.End(200 + 300*(g%2))
				if i%100 == 0 {
					l.Snapshot()
				}
			}
		})
	}
	wg.Wait()
	e := l.Snapshot().Edges[0]
	const wantAttempts = callers * 999 // 1, 2, 3, 1, 2, 3, …
	if e.Requests != callers*each || e.Attempts != wantAttempts || e.Failures != callers/2*each {
		t.Errorf("got %d requests, %d attempts, %d failures", e.Requests, e.Attempts, e.Failures)
	}
}
