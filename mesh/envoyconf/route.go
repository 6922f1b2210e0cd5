package envoyconf

import (
	"fmt"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	previoushostsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/retry/host/previous_hosts/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// hostSelections is how often a retry may be sent back to a host that failed
// before another host is found (Istio's retry.DefaultPolicy).
const hostSelections = 5

// RouteConfig returns the routes of a workload's calls to a service.
func RouteConfig(m *model.Mesh, w *model.Workload, s *model.Service) (*routev3.RouteConfiguration, error) {
	b := builder{mesh: m, workload: w, packer: new(packer)}
	host := &routev3.VirtualHost{
		Name:                       s.Host(),
		Domains:                    []string{"*"},
		IncludeRequestAttemptCount: true,
		RequestHeadersToAdd: []*corev3.HeaderValueOption{
			overwrite(callHeader, "%UNIQUE_ID%"),
		},
	}
	for _, r := range s.Routes {
		host.Routes = append(host.Routes, b.routes(s, r)...)
	}
	config := &routev3.RouteConfiguration{Name: RouteName(s), VirtualHosts: []*routev3.VirtualHost{host}}
	b.check(config)
	if b.err != nil {
		return nil, fmt.Errorf("rendering routes %s → %s: %w", m.ID(w), s.Host(), b.err)
	}
	return config, nil
}

// overwrite sets a header whatever the application sent under its name. The
// value may use the format language of Envoy's access logs.
func overwrite(key, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: key, Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

// inboundRoutes hands every call to the application: the caller's proxy keeps
// timeouts and retries, a second set here would only cut its tries short.
func (b *builder) inboundRoutes() *routev3.RouteConfiguration {
	return &routev3.RouteConfiguration{
		Name: InboundCluster(b.workload),
		VirtualHosts: []*routev3.VirtualHost{{
			Name:    "inbound",
			Domains: []string{"*"},
			Routes: []*routev3.Route{{
				Name:  model.DefaultRouteName,
				Match: &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{Prefix: "/"}},
				Action: &routev3.Route_Route{Route: &routev3.RouteAction{
					ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: InboundCluster(b.workload)},
					Timeout:          durationpb.New(0),
				}},
			}},
		}},
	}
}

// routes returns one Envoy route per match, all of the same name.
func (b *builder) routes(s *model.Service, r *model.Route) []*routev3.Route {
	matches := r.Matches
	if len(matches) == 0 {
		matches = []model.Match{{}}
	}
	var out []*routev3.Route
	for _, match := range matches {
		out = append(out, &routev3.Route{
			Name:     r.Name,
			Match:    routeMatch(match),
			Metadata: metadata(map[string]string{"service": s.Name, "namespace": s.Namespace}),
			Action:   &routev3.Route_Route{Route: b.action(s, r)},
			// Here and nowhere above: Envoy applies the headers of the virtual host
			// after those of the route, and the last one wins.
			RequestHeadersToAdd: []*corev3.HeaderValueOption{overwrite(peerHeader, b.peer(r))},
		})
	}
	return out
}

func routeMatch(m model.Match) *routev3.RouteMatch {
	out := &routev3.RouteMatch{}
	switch {
	case m.Path.Exact != "":
		out.PathSpecifier = &routev3.RouteMatch_Path{Path: m.Path.Exact}
	case m.Path.Prefix != "":
		out.PathSpecifier = &routev3.RouteMatch_Prefix{Prefix: m.Path.Prefix}
	default:
		out.PathSpecifier = &routev3.RouteMatch_Prefix{Prefix: "/"}
	}
	for _, h := range m.Headers {
		out.Headers = append(out.Headers, &routev3.HeaderMatcher{
			Name: h.Name,
			HeaderMatchSpecifier: &routev3.HeaderMatcher_StringMatch{StringMatch: &matcherv3.StringMatcher{
				MatchPattern: &matcherv3.StringMatcher_Exact{Exact: h.Exact},
			}},
		})
	}
	return out
}

func (b *builder) action(s *model.Service, r *model.Route) *routev3.RouteAction {
	action := &routev3.RouteAction{
		Timeout:     durationpb.New(r.Timeout),
		RetryPolicy: b.retryPolicy(r.Retry, len(b.mesh.Instances(s, nil)) > 1),
	}
	if len(r.Destinations) == 1 {
		action.ClusterSpecifier = &routev3.RouteAction_Cluster{Cluster: s.ClusterName(r.Destinations[0].Subset)}
		return action
	}
	weighted := &routev3.WeightedCluster{}
	for _, d := range r.Destinations {
		weighted.Clusters = append(weighted.Clusters, &routev3.WeightedCluster_ClusterWeight{
			Name:   s.ClusterName(d.Subset),
			Weight: wrapperspb.UInt32(d.Weight),
		})
	}
	action.ClusterSpecifier = &routev3.RouteAction_WeightedClusters{WeightedClusters: weighted}
	return action
}

// retryPolicy leaves the back-off to Envoy (25 ms, at most 250 ms, jittered).
func (b *builder) retryPolicy(r model.Retry, severalHosts bool) *routev3.RetryPolicy {
	if r.Attempts == 0 {
		return nil
	}
	policy := &routev3.RetryPolicy{
		RetryOn:              strings.Join(r.On, ","),
		NumRetries:           wrapperspb.UInt32(r.Attempts),
		RetriableStatusCodes: r.StatusCodes,
	}
	if len(r.StatusCodes) > 0 && !strings.Contains(policy.RetryOn, retriableStatus) {
		policy.RetryOn = strings.TrimPrefix(policy.RetryOn+","+retriableStatus, ",")
	}
	if r.PerTryTimeout > 0 {
		policy.PerTryTimeout = durationpb.New(r.PerTryTimeout)
	}
	if severalHosts {
		policy.HostSelectionRetryMaxAttempts = hostSelections
		policy.RetryHostPredicate = []*routev3.RetryPolicy_RetryHostPredicate{{
			Name: "envoy.retry_host_predicates.previous_hosts",
			ConfigType: &routev3.RetryPolicy_RetryHostPredicate_TypedConfig{
				TypedConfig: b.any(&previoushostsv3.PreviousHostsPredicate{}),
			},
		}}
	}
	return policy
}

// retriableStatus is the condition that makes Envoy look at status codes.
const retriableStatus = "retriable-status-codes"
