package xds

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
)

// Server serves each proxy its snapshot. It is safe for concurrent use and has
// no goroutines but those of its streams.
type Server struct {
	discoveryv3.UnimplementedAggregatedDiscoveryServiceServer // the state-of-the-world variant is not offered

	options  Options
	sessions atomic.Int64
	refused  atomic.Uint64

	mu      sync.Mutex
	proxies map[string]*proxy
}

// NewServer returns a server that knows no proxy yet.
func NewServer(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{options: o, proxies: map[string]*proxy{}}
}

// Register adds the discovery service to a gRPC server made with ServerOptions.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(r, s)
}

// Set replaces what the proxy shall have. It never waits: the proxy gets the
// latest snapshot once changes paused for a moment. A proxy may connect before
// its first snapshot; it is answered nothing until then.
func (s *Server) Set(name string, snap *Snapshot) {
	s.proxy(name).set(s.options.Now(), snap)
}

// Remove forgets the proxy and ends its stream. A proxy that is still allowed to
// may come back, and then waits for a snapshot.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	p := s.proxies[name]
	delete(s.proxies, name)
	s.mu.Unlock()
	if p != nil {
		p.remove()
	}
}

// Status returns the state of each proxy that has a snapshot or is connected, in
// the order of names.
func (s *Server) Status() []ProxyStatus {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.proxies))
	s.mu.Unlock()
	out := make([]ProxyStatus, 0, len(all))
	for _, p := range all {
		out = append(out, p.status())
	}
	slices.SortFunc(out, func(a, b ProxyStatus) int { return strings.Compare(a.Proxy, b.Proxy) })
	return out
}

// Refused counts the streams that were turned away: not allowed, malformed or
// too many.
func (s *Server) Refused() uint64 { return s.refused.Load() }

// proxy returns the entry of a name, made if need be.
func (s *Server) proxy(name string) *proxy {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.proxies[name]
	if p == nil {
		p = newProxy(name, s.reporter(name))
		s.proxies[name] = p
	}
	return p
}

// reporter logs the rejections of one proxy.
func (s *Server) reporter(name string) func(*NACK) {
	return func(n *NACK) {
		s.options.Log.Warn("proxy rejected configuration", "proxy", name, "type", n.Type, "names", n.Names,
			"generation", n.Generation, "reason", n.Message)
	}
}

// leave drops a disconnected proxy that never had a snapshot.
func (s *Server) leave(p *proxy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proxies[p.name] == p && p.idle() {
		delete(s.proxies, p.name)
	}
}
