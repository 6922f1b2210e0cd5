package truth

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// simple is what a Ledger promises, written down in the plainest way: it keeps
// every call for ever and sums up at the end.
type simple struct {
	calls []*simpleCall
	stray uint64
}

type simpleCall struct {
	phase, src, dst string
	began, ended    time.Time
	status          int
	arrivals        uint64
	open            bool
}

func (s *simple) account() Account {
	a := Account{Stray: s.stray}
	byKey := map[Key]*Edge{}
	for _, c := range s.calls {
		if c.open {
			a.Open++
			continue
		}
		k := Key{Phase: c.phase, Src: c.src, Dst: c.dst, Route: c.src + ">back GET /items"}
		e := byKey[k]
		if e == nil {
			e = &Edge{Key: k, Statuses: map[int]uint64{}}
			byKey[k] = e
		}
		e.Requests++
		e.Attempts += c.arrivals
		e.Statuses[c.status]++
		if c.arrivals == 0 {
			e.Unseen++
		}
		if c.status == 0 || c.status >= 500 {
			e.Failures++
		}
		e.Latencies = append(e.Latencies, c.ended.Sub(c.began).Microseconds())
	}
	for _, e := range byKey {
		slices.Sort(e.Latencies)
		a.Edges = append(a.Edges, *e)
	}
	slices.SortFunc(a.Edges, func(x, y Edge) int { return compare(x.Key, y.Key) })
	return a
}

// TestAgainstModel lets random callers, callees and time loose on a Ledger and
// on its plain model, with snapshots in between. Tries arrive within the grace,
// so that nothing is stray but what the test makes so.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 0))
		l, c := ledger()
		m := &simple{}
		calls := map[*simpleCall]*Call{}
		recent := func() *simpleCall { // a call to which a try may still come
			var ok []*simpleCall
			for _, x := range m.calls {
				if x.open || c.now().Sub(x.ended) < Grace {
					ok = append(ok, x)
				}
			}
			if len(ok) == 0 {
				return nil
			}
			return ok[r.IntN(len(ok))]
		}
		for range 400 {
			switch r.IntN(6) {
			case 0, 1:
				src := []string{front, back1}[r.IntN(2)]
				phase := "calm"
				if c.now().Sub(zero) >= time.Minute {
					phase = "late"
				}
				x := &simpleCall{phase: phase, src: src, dst: "m/local/default/~back", began: c.now(), open: true}
				calls[x] = l.Begin(src, src, "back", "GET", "/items")
				m.calls = append(m.calls, x)
			case 2:
				if x := recent(); x != nil {
					x.dst = []string{back1, back2}[r.IntN(2)]
					x.arrivals++
					l.Arrived(calls[x].ID(), x.dst)
				}
			case 3:
				if x := recent(); x != nil && x.open {
					x.open, x.ended, x.status = false, c.now(), []int{0, 200, 404, 503}[r.IntN(4)]
					calls[x].End(x.status)
				}
			case 4:
				c.pass(time.Duration(r.IntN(int(time.Second))))
			case 5:
				if r.IntN(10) == 0 {
					m.stray++
					l.Arrived("zzzzzz", back1)
				}
			}
			if r.IntN(50) == 0 {
				if diff := cmp.Diff(m.account(), l.Snapshot()); diff != "" {
					t.Fatalf("seed %d: %s", seed, diff)
				}
			}
		}
		if diff := cmp.Diff(m.account(), l.Snapshot()); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

// BenchmarkCall is the whole life of a call: what the lab adds to each.
func BenchmarkCall(b *testing.B) {
	l, c := ledger()
	for b.Loop() {
		call := toBack(l)
		l.Arrived(call.ID(), back1)
		call.End(200)
		c.pass(time.Millisecond)
	}
}
