package xds

import (
	"slices"
	"strings"
	"testing"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
)

// simulated is an Envoy as far as a stream can tell: it subscribes to what it
// learns of, withholds the acknowledgement of clusters until they are warm,
// rejects what is "bad" and hangs on what "sticks". It fails the test if it is
// brought into a state in which a real one would fail requests.
type simulated struct {
	t       *testing.T
	machine *machine
	made    map[string]*Resource            // by version: what the world ever offered
	has     map[string]map[string]*Resource // type → name
	subs    map[string]map[string]bool      // type → name, by name only
	inbox   []*response
	cold    map[string]bool // clusters that wait for endpoints
	stuck   map[string]bool // clusters that make Envoy hang
	held    *response       // of clusters, its answer withheld
	refused map[badKey]bool // rejected alone in a response, by this process
	started bool            // asked for listeners
	now     func() time.Time
}

var simulatedTypes = []string{ClusterType, EndpointType, ListenerType, RouteType}

// boot starts the process anew: it has nothing.
func (e *simulated) boot() {
	e.has, e.subs, e.refused = map[string]map[string]*Resource{}, map[string]map[string]bool{}, map[badKey]bool{}
	for _, url := range simulatedTypes {
		e.has[url], e.subs[url] = map[string]*Resource{}, map[string]bool{}
	}
	e.cold, e.stuck, e.started = map[string]bool{}, map[string]bool{}, false
}

// connect opens a stream and says what it has.
func (e *simulated) connect(m *machine, snap *Snapshot) {
	e.machine, e.inbox, e.held = m, nil, nil
	e.cold, e.stuck = map[string]bool{}, map[string]bool{} // it takes cached endpoints after a while
	if len(e.has[ClusterType]) == 0 {
		e.refused = map[badKey]bool{} // for the server it is as if it started anew
	}
	e.take(m.want(e.now(), snap))
	for _, url := range simulatedTypes {
		if url == ListenerType && !e.started {
			break
		}
		q := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: url, InitialResourceVersions: map[string]string{}}
		for name, r := range e.has[url] {
			q.InitialResourceVersions[name] = r.Version
		}
		if url == EndpointType || url == RouteType {
			if len(e.subs[url]) == 0 {
				continue
			}
			q.ResourceNamesSubscribe = sortedNames(e.subs[url])
		}
		e.request(q)
	}
}

func sortedNames(m map[string]bool) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (e *simulated) request(q *discoveryv3.DeltaDiscoveryRequest) {
	e.t.Helper()
	out, err := e.machine.request(e.now(), q)
	if err != nil {
		e.t.Fatal(err)
	}
	e.take(out)
}

func (e *simulated) take(out []*response) {
	for _, r := range out {
		for _, x := range r.Resources {
			if e.refused[badKey{r.TypeUrl, x.Name, x.Version}] {
				e.t.Fatalf("%s %s: version %s was rejected and is sent again", shortType(r.TypeUrl), x.Name, x.Version)
			}
		}
		if r.TypeUrl == RouteType && len(r.Resources) > 1 {
			e.t.Fatalf("%d route configurations in one response", len(r.Resources))
		}
	}
	e.inbox = append(e.inbox, out...)
}

// read takes one response from the wire.
func (e *simulated) read() {
	r := e.inbox[0]
	e.inbox = e.inbox[1:]
	if bad := e.bad(r); bad != "" {
		e.reject(r, bad)
	} else {
		e.apply(r)
	}
	e.release()
}

// bad returns the reason to reject a response at once.
func (e *simulated) bad(r *response) string {
	for _, x := range r.Resources {
		kind := e.kind(x.Version)
		if kind == "bad" || kind == "stick" && len(r.Resources) == 1 {
			return "no good"
		}
	}
	return ""
}

func (e *simulated) kind(version string) string {
	kind, _, _ := strings.Cut(contentOf(e.t, e.made[version]), "-")
	return kind
}

func (e *simulated) reject(r *response, why string) {
	for _, name := range r.RemovedResources {
		e.drop(r.TypeUrl, name)
	}
	if len(r.Resources) == 1 && len(r.RemovedResources) == 0 {
		e.refused[badKey{r.TypeUrl, r.Resources[0].Name, r.Resources[0].Version}] = true
	}
	e.request(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: r.TypeUrl, ResponseNonce: r.Nonce, ErrorDetail: &statuspb.Status{Message: why}})
}

func (e *simulated) apply(r *response) {
	for _, name := range r.RemovedResources {
		e.drop(r.TypeUrl, name)
	}
	ask := map[string][]string{}
	for _, x := range r.Resources {
		made := e.made[x.Version]
		if r.TypeUrl == ClusterType && e.kind(x.Version) == "stick" {
			e.stuck[x.Name] = true
			continue
		}
		e.put(r.TypeUrl, made)
		delete(e.stuck, x.Name)
		if child := childType(r.TypeUrl); child != "" {
			for _, name := range made.references().children {
				if !e.subs[child][name] {
					e.subs[child][name] = true
					ask[child] = append(ask[child], name)
				}
			}
		}
	}
	if r.TypeUrl == EndpointType {
		for _, name := range r.RemovedResources {
			delete(e.cold, name)
		}
	}
	for url, names := range ask {
		e.request(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: url, ResourceNamesSubscribe: names})
	}
	if r.TypeUrl == ClusterType {
		if e.held != nil {
			e.acknowledge(e.held)
		}
		e.held = r
		return
	}
	e.acknowledge(r)
}

func (e *simulated) put(url string, r *Resource) {
	if (url == EndpointType || url == RouteType) && !e.subs[url][r.Name] {
		return // it unsubscribed meanwhile
	}
	switch url {
	case ClusterType:
		e.cold[r.Name] = true
	case EndpointType:
		delete(e.cold, r.Name)
	case RouteType, ListenerType:
		for _, c := range r.references().clusters {
			if e.has[ClusterType][c] == nil {
				e.t.Fatalf("%s %s refers to cluster %s, which is not there", shortType(url), r.Name, c)
			}
		}
	}
	e.has[url][r.Name] = r
}

func (e *simulated) drop(url, name string) {
	r := e.has[url][name]
	delete(e.has[url], name)
	if url == ClusterType {
		delete(e.cold, name)
		delete(e.stuck, name)
		for _, user := range []string{ListenerType, RouteType} {
			for _, r := range e.has[user] {
				if slices.Contains(r.references().clusters, name) {
					e.t.Fatalf("cluster %s is removed, but %s %s uses it", name, shortType(user), r.Name)
				}
			}
		}
	}
	if child := childType(url); child != "" && r != nil {
		for _, c := range r.references().children {
			delete(e.subs[child], c)
			delete(e.has[child], c)
			e.request(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: child, ResourceNamesUnsubscribe: []string{c}})
		}
	}
}

// release acknowledges the clusters once they are warm and nothing hangs, and
// then asks for listeners.
func (e *simulated) release() {
	if e.held == nil || len(e.cold) > 0 || len(e.stuck) > 0 {
		return
	}
	r := e.held
	e.held = nil
	e.acknowledge(r)
	if !e.started {
		e.started = true
		e.request(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: ListenerType})
	}
}

// acknowledge answers a response that was applied; one with a cluster that
// stuck in it is rejected, now that it may be answered.
func (e *simulated) acknowledge(r *response) {
	for _, x := range r.Resources {
		if r.TypeUrl == ClusterType && e.kind(x.Version) == "stick" {
			e.request(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: r.TypeUrl, ResponseNonce: r.Nonce, ErrorDetail: &statuspb.Status{Message: "stuck"}})
			return
		}
	}
	e.request(&discoveryv3.DeltaDiscoveryRequest{TypeUrl: r.TypeUrl, ResponseNonce: r.Nonce})
}
