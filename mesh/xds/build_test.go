package xds

import (
	"fmt"
	"strings"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	runtimev3 "github.com/envoyproxy/go-control-plane/envoy/service/runtime/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// adsSource is how a resource names this stream as the source of its children.
var adsSource = &corev3.ConfigSource{
	ResourceApiVersion:    corev3.ApiVersion_V3,
	ConfigSourceSpecifier: &corev3.ConfigSource_Ads{Ads: &corev3.AggregatedConfigSource{}},
}

// cluster returns an EDS cluster; content makes versions differ.
func cluster(name, content string) *clusterv3.Cluster {
	return &clusterv3.Cluster{
		Name: name, AltStatName: content,
		ConnectTimeout:       durationpb.New(time.Second),
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_EDS},
		EdsClusterConfig:     &clusterv3.Cluster_EdsClusterConfig{EdsConfig: adsSource},
	}
}

// assignment returns the endpoints of a cluster at loopback ports.
func assignment(name string, ports ...uint32) *endpointv3.ClusterLoadAssignment {
	locality := &endpointv3.LocalityLbEndpoints{}
	for _, port := range ports {
		locality.LbEndpoints = append(locality.LbEndpoints, &endpointv3.LbEndpoint{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: loopback(port)}},
		})
	}
	return &endpointv3.ClusterLoadAssignment{ClusterName: name, Endpoints: []*endpointv3.LocalityLbEndpoints{locality}}
}

func loopback(port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: "127.0.0.1", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}

// httpListener returns a listener whose routes come by RDS.
func httpListener(name string, port uint32, routes string) *listenerv3.Listener {
	manager := &hcmv3.HttpConnectionManager{
		StatPrefix:     name,
		RouteSpecifier: &hcmv3.HttpConnectionManager_Rds{Rds: &hcmv3.Rds{ConfigSource: adsSource, RouteConfigName: routes}},
		HttpFilters: []*hcmv3.HttpFilter{{
			Name:       "envoy.filters.http.router",
			ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: mustAny(&routerv3.Router{})},
		}},
	}
	return listener(name, port, "envoy.filters.network.http_connection_manager", manager)
}

// tcpListener returns a listener that forwards connections to a cluster.
func tcpListener(name string, port uint32, cluster string) *listenerv3.Listener {
	return listener(name, port, "envoy.filters.network.tcp_proxy", &tcpv3.TcpProxy{
		StatPrefix: name, ClusterSpecifier: &tcpv3.TcpProxy_Cluster{Cluster: cluster},
	})
}

func listener(name string, port uint32, filter string, config proto.Message) *listenerv3.Listener {
	return &listenerv3.Listener{
		Name: name, Address: loopback(port),
		FilterChains: []*listenerv3.FilterChain{{Filters: []*listenerv3.Filter{{
			Name:       filter,
			ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: mustAny(config)},
		}}}},
	}
}

// routes returns a route configuration: /<cluster> goes to each cluster, and all
// else to the first.
func routes(name, content string, clusters ...string) *routev3.RouteConfiguration {
	host := &routev3.VirtualHost{Name: "all", Domains: []string{"*"}}
	for _, c := range clusters {
		host.Routes = append(host.Routes, route("/"+c, c))
	}
	if len(clusters) > 0 {
		host.Routes = append(host.Routes, route("/", clusters[0]))
	}
	return &routev3.RouteConfiguration{Name: name, ResponseHeadersToRemove: []string{"x-" + content}, VirtualHosts: []*routev3.VirtualHost{host}}
}

func route(prefix, cluster string) *routev3.Route {
	return &routev3.Route{
		Match:  &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: prefix}},
		Action: &routev3.Route_Route{Route: &routev3.RouteAction{ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: cluster}}},
	}
}

// runtimeLayer returns a layer with one key.
func runtimeLayer(name, key string, value any) *runtimev3.Runtime {
	layer, err := structpb.NewStruct(map[string]any{key: value})
	if err != nil {
		panic(err)
	}
	return &runtimev3.Runtime{Name: name, Layer: layer}
}

func mustAny(m proto.Message) *anypb.Any {
	a, err := anypb.New(m)
	if err != nil {
		panic(err)
	}
	return a
}

// snapshotOf pools messages into a snapshot.
func snapshotOf(t testing.TB, pool *Pool, generation uint64, messages ...proto.Message) *Snapshot {
	t.Helper()
	s := &Snapshot{Generation: generation, Types: map[string]map[string]*Resource{}}
	for _, m := range messages {
		put(t, s, pool, m, 0)
	}
	return s
}

func put(t testing.TB, s *Snapshot, pool *Pool, m proto.Message, ttl time.Duration) *Resource {
	t.Helper()
	r, err := pool.Resource(m, ttl)
	if err != nil {
		t.Fatal(err)
	}
	if s.Types[r.Any.TypeUrl] == nil {
		s.Types[r.Any.TypeUrl] = map[string]*Resource{}
	}
	s.Types[r.Any.TypeUrl][r.Name] = r
	return r
}

// shortTypes are the names of types in scripts.
var shortTypes = map[string]string{
	"cds": ClusterType, "eds": EndpointType, "lds": ListenerType,
	"rds": RouteType, "rtds": RuntimeType, "sds": SecretType,
}

func shortType(url string) string {
	for short, u := range shortTypes {
		if u == url {
			return short
		}
	}
	return url
}

// parseResource reads "name@content->a,b~9s": content tells versions apart, the
// names after the arrow are the clusters of routes, the routes of a listener.
func parseResource(kind, text string) (proto.Message, time.Duration, error) {
	text, life, _ := strings.Cut(text, "~")
	text, refs, _ := strings.Cut(text, "->")
	name, content, ok := strings.Cut(text, "@")
	if !ok {
		content = "1"
	}
	var ttl time.Duration
	if life != "" {
		var err error
		if ttl, err = time.ParseDuration(life); err != nil {
			return nil, 0, err
		}
	}
	message, err := messageOf(kind, name, content, refs)
	return message, ttl, err
}

func messageOf(kind, name, content, refs string) (proto.Message, error) {
	number := uint32(0)
	for _, c := range content {
		number = number*31 + uint32(c)
	}
	switch kind {
	case "cds":
		return cluster(name, content), nil
	case "eds":
		return assignment(name, number), nil
	case "lds":
		if c, ok := strings.CutPrefix(refs, "tcp:"); ok {
			return tcpListener(name, number, c), nil
		}
		return httpListener(name, number, refs), nil
	case "rds":
		var clusters []string
		if refs != "" {
			clusters = strings.Split(refs, ",")
		}
		return routes(name, content, clusters...), nil
	case "rtds":
		return runtimeLayer(name, "key", content), nil
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}
