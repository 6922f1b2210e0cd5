package envoyals

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestProxyCountsOverStreams(t *testing.T) {
	ps := newProxies(alstest.Start())
	now := alstest.Start()
	a, b := ps.join("p"), ps.join("p")
	if a != b {
		t.Fatal("two streams of one proxy are counted apart")
	}
	a.add(&tally{requests: [outcomeCount]uint64{1: 5, 3: 2}, clamped: 1})
	b.add(&tally{attempts: [outcomeCount]uint64{4: 3}, flows: [outcomeCount]uint64{1: 6, 8: 1}, interim: 9, refused: [rows.ReasonCount]uint64{0: 4}})
	ps.leave(a, now)
	ps.leave(b, now)
	store := newFakeStore()
	ps.beat(now.Add(time.Second), store)
	want := record.Heartbeat{
		At: now.Add(time.Second), Started: now, Proxy: "p", CompleteThrough: time.Unix(0, 0),
		Requests: 7, Attempts: 3, Flows: 7, Interim: 9, Refused: 4, Clamped: 1,
	}
	got, _ := store.lastBeat("p")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("heartbeat (-want +got):\n%s", diff)
	}
}

func TestForgottenProxy(t *testing.T) {
	ps := newProxies(alstest.Start())
	now := alstest.Start()
	stays, goes := ps.join("stays"), ps.join("goes")
	ps.leave(goes, now)
	if n := len(ps.live(now.Add(forgetAfter))); n != 2 {
		t.Errorf("%d proxies are live after %v, want 2", n, forgetAfter)
	}
	live := ps.live(now.Add(forgetAfter + time.Second))
	if len(live) != 1 || live[0] != stays {
		t.Errorf("%d proxies are live later, want the one with a stream", len(live))
	}
}

func TestTooManyProxies(t *testing.T) {
	ps := newProxies(alstest.Start())
	for i := range maxProxies {
		if ps.join(fmt.Sprint(i)) == nil {
			t.Fatalf("proxy %d is not counted", i)
		}
	}
	if ps.join("one more") != nil {
		t.Error("one proxy more than maxProxies is counted")
	}
	if ps.join("0") == nil {
		t.Error("a known proxy is not counted")
	}
	s := bareStream(&dropStore{}, zap.NewNop())
	s.r.proxies = ps
	s.message(encode(t, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound())), alstest.Start())
	s.leave()
	if n := sum(s.tally.requests[:]); n != 0 || s.r.telemetry.requests[record.OutcomeOK].Load() != 1 {
		t.Error("a row of a proxy too many is not counted")
	}
}

// TestBeat reports each second, and at the end.
func TestBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		r := &alsReceiver{proxies: newProxies(alstest.Start()), sink: store, now: time.Now, stopped: make(chan struct{})}
		p := r.proxies.join("p")
		r.tasks.Go(r.beat)
		time.Sleep(3*beatEvery + beatEvery/2)
		synctest.Wait()
		if n := len(store.heartbeats); n != 3 {
			t.Errorf("%d heartbeats in 3.5 periods, want 3", n)
		}
		p.requests.Add(9)
		close(r.stopped)
		r.tasks.Wait()
		if beat, _ := store.lastBeat("p"); len(store.heartbeats) != 4 || beat.Requests != 9 {
			t.Errorf("%d heartbeats, the last with %d requests; want 4 and 9", len(store.heartbeats), beat.Requests)
		}
	})
}
