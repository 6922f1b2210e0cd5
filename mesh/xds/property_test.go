package xds

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
)

// world draws snapshots.
type world struct {
	t          *testing.T
	rand       *rand.Rand
	pool       Pool
	made       map[string]*Resource
	generation uint64
}

// snapshot draws a consistent one: routes refer to clusters in it. With trouble,
// some resources are rejected by the simulated Envoy.
func (w *world) snapshot(trouble bool) *Snapshot {
	w.generation++
	var names []string
	messages := []proto.Message{}
	for i := range 5 {
		if name := fmt.Sprintf("c%d", i); i == 0 || w.rand.IntN(3) > 0 {
			names = append(names, name)
			messages = append(messages, cluster(name, w.content(trouble, "stick")), assignment(name, uint32(w.rand.IntN(3)+1)))
		}
	}
	for i := range 3 {
		if i > 0 && w.rand.IntN(2) == 0 {
			continue
		}
		name := fmt.Sprintf("r%d", i)
		messages = append(messages,
			httpListener("l"+name, uint32(100+w.rand.IntN(2)), name),
			routes(name, w.content(trouble, "bad"), names[w.rand.IntN(len(names))], names[w.rand.IntN(len(names))]))
	}
	messages = append(messages, tcpListener("tcp", 7, names[w.rand.IntN(len(names))]))
	snap := snapshotOf(w.t, &w.pool, w.generation, messages...)
	for _, resources := range snap.Types {
		for _, r := range resources {
			w.made[r.Version] = r
		}
	}
	return snap
}

func (w *world) content(trouble bool, worst string) string {
	switch n := w.rand.IntN(12); {
	case trouble && n == 0:
		return fmt.Sprintf("bad-%d", w.rand.IntN(2))
	case trouble && n == 1:
		return fmt.Sprintf("%s-%d", worst, w.rand.IntN(2))
	}
	return fmt.Sprintf("good-%d", w.rand.IntN(4))
}

// contentOf reads back what content was drawn for a cluster or routes.
func contentOf(t *testing.T, r *Resource) string {
	t.Helper()
	message, err := r.Any.UnmarshalNew()
	if err != nil {
		t.Fatal(err)
	}
	switch m := message.(type) {
	case *clusterv3.Cluster:
		return m.GetAltStatName()
	case *routev3.RouteConfiguration:
		return m.GetResponseHeadersToRemove()[0][2:]
	}
	return ""
}

// TestAlwaysConverges drives streams against a simulated Envoy through random
// changes, rejections, silence, time and reconnects, with and without memory.
// The Envoy checks at each message that nothing dangles and nothing rejected
// comes back; at the end a good snapshot must arrive in full.
func TestAlwaysConverges(t *testing.T) {
	for seed := range uint64(1500) {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { randomLife(t, seed) }) {
			return
		}
	}
}

func randomLife(t *testing.T, seed uint64) {
	now := time.Unix(0, 0)
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 1)), made: map[string]*Resource{}}
	e := &simulated{t: t, made: w.made, now: func() time.Time { return now }}
	bad := newQuarantine(nil)
	snap := w.snapshot(true)
	e.boot()
	e.connect(newMachine(now, bad), snap)
	for range 60 {
		now = now.Add(time.Millisecond)
		switch n := w.rand.IntN(40); {
		case n < 26:
			if len(e.inbox) > 0 {
				e.read()
			}
		case n < 33:
			snap = w.snapshot(true)
			e.take(e.machine.want(now, snap))
		case n < 36:
			now = now.Add(time.Duration(w.rand.IntN(20)) * time.Second)
			e.take(e.machine.tick(now))
		case n < 38:
			e.connect(newMachine(now, bad), snap)
		case n < 39:
			e.boot()
			e.connect(newMachine(now, bad), snap)
		}
	}
	settle(t, e, &now)
	snap = w.snapshot(false)
	e.take(e.machine.want(now, snap))
	settle(t, e, &now)
	for _, url := range simulatedTypes {
		compareHeld(t, url, e.has[url], snap.Types[url])
	}
	var p ProxyStatus
	p.Connected, p.Wanted = true, snap.Generation
	if e.machine.status(&p); !p.Synced() || p.Stuck {
		t.Errorf("the proxy has everything, but its status is %+v", p)
	}
}

// settle lets the proxy read, and time pass, until nothing more happens.
func settle(t *testing.T, e *simulated, now *time.Time) {
	t.Helper()
	for range 2000 {
		if len(e.inbox) > 0 {
			e.read()
			continue
		}
		next := e.machine.deadline()
		if next.IsZero() {
			return
		}
		*now = next
		e.take(e.machine.tick(next))
	}
	t.Fatal("no end of messages")
}

func compareHeld(t *testing.T, url string, has, wanted map[string]*Resource) {
	t.Helper()
	for name, r := range wanted {
		if !same(has[name], r) {
			t.Errorf("%s %s: the proxy has %v, wanted %s", shortType(url), name, has[name], r.Version)
		}
	}
	for name := range has {
		if wanted[name] == nil {
			t.Errorf("%s %s: the proxy still has it", shortType(url), name)
		}
	}
}

// FuzzRequests sends a machine whatever a proxy could.
func FuzzRequests(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5})
	f.Add([]byte("subscribe to everything, twice"))
	f.Fuzz(func(t *testing.T, data []byte) {
		now := time.Unix(0, 0)
		w := &world{t: t, rand: rand.New(rand.NewPCG(1, 1)), made: map[string]*Resource{}}
		m := newMachine(now, newQuarantine(nil))
		names := []string{"c0", "c1", "r0", "lr0", "tcp", "*", ""}
		for len(data) >= 2 {
			a, b := int(data[0]), int(data[1])
			data = data[2:]
			q := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: simulatedTypes[a%4]}
			name := names[b%len(names)]
			switch a / 4 % 6 {
			case 0:
				q.ResourceNamesSubscribe = []string{name}
			case 1:
				q.ResourceNamesUnsubscribe = []string{name}
			case 2:
				q.InitialResourceVersions = map[string]string{name: fmt.Sprint(b)}
			case 3:
				q.ResponseNonce = fmt.Sprint(b % 32)
			case 4:
				m.want(now, w.snapshot(true))
				continue
			case 5:
				now = now.Add(time.Duration(b) * time.Second)
				m.tick(now)
				continue
			}
			if _, err := m.request(now, q); err != nil {
				t.Fatal(err)
			}
			for _, s := range m.types {
				if s.flight != nil && len(s.late) > 6 {
					t.Fatal("more responses are remembered than could be answered")
				}
			}
		}
	})
}
