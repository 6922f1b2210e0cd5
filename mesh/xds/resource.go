package xds

import (
	"reflect"
	"sync"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Resource is one named piece of configuration, shared by all proxies that get
// it and never changed after it was made. Pool makes them.
type Resource struct {
	Name    string
	Any     *anypb.Any
	Version string        // hash of the bytes in Any, in hexadecimal
	TTL     time.Duration // after which Envoy drops it unless renewed; 0: never

	once sync.Once
	wire *discoveryv3.Resource
	refs references
}

// prepare encodes and parses the resource once, whoever needs it first.
func (r *Resource) prepare() {
	r.once.Do(func() {
		r.wire = &discoveryv3.Resource{Name: r.Name, Version: r.Version, Resource: r.Any, Ttl: ttl(r.TTL)}
		r.refs = referencesOf(r.Any)
	})
}

// message is the resource as it is sent. It is shared: do not change it.
func (r *Resource) message() *discoveryv3.Resource {
	r.prepare()
	return r.wire
}

// heartbeat renews the TTL of a resource that the proxy holds.
func (r *Resource) heartbeat() *discoveryv3.Resource {
	return &discoveryv3.Resource{Name: r.Name, Version: r.Version, Ttl: ttl(r.TTL)}
}

// references returns what the resource refers to.
func (r *Resource) references() *references {
	r.prepare()
	return &r.refs
}

// reported tells whether only name and version are known: the proxy said it
// has the resource, and nobody here knows its content.
func (r *Resource) reported() bool { return r.Any == nil }

func ttl(d time.Duration) *durationpb.Duration {
	if d <= 0 {
		return nil
	}
	return durationpb.New(d)
}

// same tells whether a proxy with a needs b no more.
func same(a, b *Resource) bool {
	return a == b || a != nil && b != nil && a.Version == b.Version && a.TTL == b.TTL
}

// Snapshot is all that one proxy shall have. It is immutable once it was given
// to a Server. Snapshots that share a map for a type are compared faster.
type Snapshot struct {
	Generation uint64
	Types      map[string]map[string]*Resource // type URL → name → resource
}

// resource returns the named resource, or nil.
func (s *Snapshot) resource(url, name string) *Resource {
	if s == nil {
		return nil
	}
	return s.Types[url][name]
}

// changes calls f for each name of the type that differs between old and s.
func (s *Snapshot) changes(old *Snapshot, url string, f func(name string)) {
	var before map[string]*Resource
	if old != nil {
		before = old.Types[url]
	}
	after := s.Types[url]
	if reflect.ValueOf(before).Pointer() == reflect.ValueOf(after).Pointer() {
		return
	}
	for name, r := range after {
		if !same(before[name], r) {
			f(name)
		}
	}
	for name := range before {
		if after[name] == nil {
			f(name)
		}
	}
}

// onlyQuick tells whether nothing but endpoints and runtime values differ: what
// is cheap for a proxy to take, and urgent.
func (s *Snapshot) onlyQuick(old *Snapshot) bool {
	if old == nil {
		return false
	}
	quick := true
	for _, types := range []*Snapshot{s, old} {
		for url := range types.Types {
			if url != EndpointType && url != RuntimeType {
				s.changes(old, url, func(string) { quick = false })
			}
		}
	}
	return quick
}
