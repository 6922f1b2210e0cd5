package xds

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"sync"
	"time"
	"weak"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	runtimev3 "github.com/envoyproxy/go-control-plane/envoy/service/runtime/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// versionBytes of the SHA-256 sum are enough to never meet twice.
const versionBytes = 12

// Pool makes resources and gives equal ones the same pointer, so that a
// thousand proxies share one copy, encoded and hashed once. It holds on to
// nothing that nobody uses. The zero Pool is ready; it is safe for concurrent
// use.
type Pool struct {
	mu     sync.Mutex
	shared map[poolKey]weak.Pointer[Resource]
}

type poolKey struct {
	url, name, version string
	ttl                time.Duration
}

// Resource returns the resource that carries message: a cluster, endpoint
// assignment, listener, route configuration, runtime layer or secret.
func (p *Pool) Resource(message proto.Message, ttl time.Duration) (*Resource, error) {
	name, err := nameOf(message)
	if err != nil {
		return nil, err
	}
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encoding %s %q: %w", message.ProtoReflect().Descriptor().FullName(), name, err)
	}
	sum := sha256.Sum256(value)
	key := poolKey{
		url:     "type.googleapis.com/" + string(message.ProtoReflect().Descriptor().FullName()),
		name:    name,
		version: hex.EncodeToString(sum[:versionBytes]),
		ttl:     ttl,
	}
	return p.share(key, value), nil
}

func (p *Pool) share(key poolKey, value []byte) *Resource {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.shared[key].Value(); r != nil {
		return r
	}
	r := &Resource{
		Name: key.name, Version: key.version, TTL: key.ttl,
		Any: &anypb.Any{TypeUrl: key.url, Value: value},
	}
	if p.shared == nil {
		p.shared = map[poolKey]weak.Pointer[Resource]{}
	}
	p.shared[key] = weak.Make(r)
	runtime.AddCleanup(r, p.forget, key)
	return r
}

// forget drops the key of a resource that is gone, unless it was made anew.
func (p *Pool) forget(key poolKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shared[key].Value() == nil {
		delete(p.shared, key)
	}
}

// nameOf returns the name under which a proxy asks for the message.
func nameOf(message proto.Message) (string, error) {
	var name string
	switch m := message.(type) {
	case *clusterv3.Cluster:
		name = m.GetName()
	case *endpointv3.ClusterLoadAssignment:
		name = m.GetClusterName()
	case *listenerv3.Listener:
		name = m.GetName()
	case *routev3.RouteConfiguration:
		name = m.GetName()
	case *runtimev3.Runtime:
		name = m.GetName()
	case *tlsv3.Secret:
		name = m.GetName()
	default:
		return "", fmt.Errorf("serving %s: not a type that proxies ask for", message.ProtoReflect().Descriptor().FullName())
	}
	if name == "" {
		return "", fmt.Errorf("serving a %s: it has no name", message.ProtoReflect().Descriptor().FullName())
	}
	return name, nil
}
