package envoyals

import (
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// fakeStore is a store that keeps what it gets. It doubles as the host that
// holds it.
type fakeStore struct {
	component.StartFunc
	component.ShutdownFunc

	mu         sync.Mutex
	requests   []record.Request
	attempts   []record.Attempt
	flows      []record.Flow
	heartbeats []record.Heartbeat
	arrived    chan struct{} // a token per row

	full chan struct{} // while it is open, the store has no room
}

func newFakeStore() *fakeStore {
	full := make(chan struct{})
	close(full)
	return &fakeStore{arrived: make(chan struct{}, 10_000), full: full}
}

func (f *fakeStore) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): f}
}

func (f *fakeStore) Request(r *record.Request) {
	<-f.full
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, ownedRequest(r))
	f.arrived <- struct{}{}
}

func (f *fakeStore) Attempt(a *record.Attempt) {
	<-f.full
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts = append(f.attempts, ownedAttempt(a))
	f.arrived <- struct{}{}
}

func (f *fakeStore) Flow(l *record.Flow) {
	<-f.full
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flows = append(f.flows, ownedFlow(l))
	f.arrived <- struct{}{}
}

func (f *fakeStore) Heartbeat(h *record.Heartbeat) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heartbeats = append(f.heartbeats, *h)
}

// rows returns copies of what has arrived.
func (f *fakeStore) rows() ([]record.Request, []record.Attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]record.Request(nil), f.requests...), append([]record.Attempt(nil), f.attempts...)
}

// lastBeat returns the last heartbeat of a proxy.
func (f *fakeStore) lastBeat(proxy string) (record.Heartbeat, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.heartbeats) - 1; i >= 0; i-- {
		if f.heartbeats[i].Proxy == proxy {
			return f.heartbeats[i], true
		}
	}
	return record.Heartbeat{}, false
}

func ownedRequest(r *record.Request) record.Request {
	c := *r
	own(&c.Cluster, &c.Details, &c.RequestID, &c.Route, &c.Upstream)
	return c
}

func ownedAttempt(a *record.Attempt) record.Attempt {
	c := *a
	own(&c.Cluster, &c.Failure, &c.RequestID, &c.Route, &c.Upstream)
	return c
}

func ownedFlow(l *record.Flow) record.Flow {
	c := *l
	own(&c.Cluster, &c.Details, &c.Route, &c.Upstream)
	return c
}

func own(texts ...*string) {
	for _, t := range texts {
		*t = strings.Clone(*t)
	}
}
