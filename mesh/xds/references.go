package xds

import (
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

// references are the names in a resource that other resources answer to.
type references struct {
	clusters []string // of routes and listeners: must exist before
	children []string // of clusters: their endpoints; of listeners: their routes
}

// referencesOf reads a resource. What cannot be read refers to nothing.
func referencesOf(a *anypb.Any) references {
	var refs references
	if a == nil {
		return refs
	}
	message, err := a.UnmarshalNew()
	if err != nil {
		return refs
	}
	switch m := message.(type) {
	case *clusterv3.Cluster:
		refs.cluster(m)
	case *listenerv3.Listener:
		refs.listener(m)
	case *routev3.RouteConfiguration:
		refs.routes(m)
	}
	return refs
}

func (refs *references) cluster(c *clusterv3.Cluster) {
	if c.GetType() != clusterv3.Cluster_EDS {
		return
	}
	name := c.GetEdsClusterConfig().GetServiceName()
	if name == "" {
		name = c.GetName()
	}
	refs.children = append(refs.children, name)
}

func (refs *references) listener(l *listenerv3.Listener) {
	chains := l.GetFilterChains()
	if d := l.GetDefaultFilterChain(); d != nil {
		chains = append(chains[:len(chains):len(chains)], d)
	}
	for _, chain := range chains {
		for _, filter := range chain.GetFilters() {
			refs.filter(filter.GetTypedConfig())
		}
	}
}

func (refs *references) filter(config *anypb.Any) {
	message, err := config.UnmarshalNew()
	if err != nil {
		return
	}
	switch m := message.(type) {
	case *hcmv3.HttpConnectionManager:
		if name := m.GetRds().GetRouteConfigName(); name != "" {
			refs.children = append(refs.children, name)
		}
		refs.routes(m.GetRouteConfig())
	case *tcpv3.TcpProxy:
		refs.need(m.GetCluster())
		for _, w := range m.GetWeightedClusters().GetClusters() {
			refs.need(w.GetName())
		}
	}
}

func (refs *references) routes(c *routev3.RouteConfiguration) {
	refs.mirrors(c.GetRequestMirrorPolicies())
	for _, host := range c.GetVirtualHosts() {
		refs.mirrors(host.GetRequestMirrorPolicies())
		for _, route := range host.GetRoutes() {
			action := route.GetRoute()
			refs.mirrors(action.GetRequestMirrorPolicies())
			refs.need(action.GetCluster())
			for _, w := range action.GetWeightedClusters().GetClusters() {
				refs.need(w.GetName())
			}
		}
	}
}

func (refs *references) mirrors(policies []*routev3.RouteAction_RequestMirrorPolicy) {
	for _, p := range policies {
		refs.need(p.GetCluster())
	}
}

func (refs *references) need(cluster string) {
	if cluster != "" {
		refs.clusters = append(refs.clusters, cluster)
	}
}
