package envoyconf

import (
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	upstreamhttpv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// protocolOptions is the key under which a cluster keeps its HTTP settings.
const protocolOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

// inboundCluster is the application beside the proxy: HTTP/1.1, no limits.
func (b *builder) inboundCluster() *clusterv3.Cluster {
	name := InboundCluster(b.workload)
	policy := model.DefaultPolicy()
	cluster := newCluster(name, policy, []*endpoint{{address: socket(loopback, b.workload.AppPort)}})
	b.setProtocol(cluster, &upstreamhttpv3.HttpProtocolOptions_ExplicitHttpConfig{
		ProtocolConfig: &upstreamhttpv3.HttpProtocolOptions_ExplicitHttpConfig_HttpProtocolOptions{
			HttpProtocolOptions: &corev3.Http1ProtocolOptions{},
		},
	})
	return cluster
}

// outboundClusters are the service's whole and its subsets.
func (b *builder) outboundClusters(s *model.Service) []*clusterv3.Cluster {
	clusters := []*clusterv3.Cluster{b.outboundCluster(s, "", nil)}
	for _, sub := range s.Subsets {
		clusters = append(clusters, b.outboundCluster(s, sub.Name, sub.Labels))
	}
	return clusters
}

func (b *builder) outboundCluster(s *model.Service, subset string, labels map[string]string) *clusterv3.Cluster {
	var hosts []*endpoint
	for _, w := range b.mesh.Instances(s, labels) {
		hosts = append(hosts, &endpoint{
			address:  socket(w.Address, w.InboundPort),
			metadata: metadata(map[string]string{"workload": w.Name, "version": w.Version}),
		})
	}
	cluster := newCluster(s.ClusterName(subset), s.Policy, hosts)
	b.setProtocol(cluster, http2(&corev3.Http2ProtocolOptions{}))
	return cluster
}

func newCluster(name string, p model.Policy, hosts []*endpoint) *clusterv3.Cluster {
	cluster := &clusterv3.Cluster{
		Name:                 name,
		AltStatName:          ClusterStats(name),
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_STATIC},
		ConnectTimeout:       durationpb.New(p.ConnectTimeout),
		LbPolicy:             clusterv3.Cluster_LEAST_REQUEST,
		LoadAssignment:       assignment(name, hosts),
		CircuitBreakers: &clusterv3.CircuitBreakers{
			Thresholds: []*clusterv3.CircuitBreakers_Thresholds{thresholds(p)},
		},
		// Without it a worker learns of a second ejection up to a second late.
		CommonLbConfig: &clusterv3.Cluster_CommonLbConfig{UpdateMergeWindow: durationpb.New(0)},
	}
	if p.Outlier != nil {
		cluster.OutlierDetection = outlierDetection(p.Outlier)
		// As Istio does: a detection that may eject all hosts must be able to.
		cluster.CommonLbConfig.HealthyPanicThreshold = &typev3.Percent{Value: 0}
	}
	return cluster
}

func thresholds(p model.Policy) *clusterv3.CircuitBreakers_Thresholds {
	t := &clusterv3.CircuitBreakers_Thresholds{
		MaxConnections:     wrapperspb.UInt32(p.Limits.Connections),
		MaxPendingRequests: wrapperspb.UInt32(p.Limits.PendingRequests),
		MaxRequests:        wrapperspb.UInt32(p.Limits.Requests),
		MaxRetries:         wrapperspb.UInt32(p.Limits.Retries),
		TrackRemaining:     true,
	}
	if b := p.RetryBudget; b != nil {
		t.RetryBudget = &clusterv3.CircuitBreakers_Thresholds_RetryBudget{
			BudgetPercent:       &typev3.Percent{Value: b.Percent},
			MinRetryConcurrency: wrapperspb.UInt32(b.MinConcurrency),
		}
	}
	return t
}

// outlierDetection enforces the two detectors of runs of failures that are
// asked for, and switches Envoy's statistical ones off.
func outlierDetection(o *model.OutlierDetection) *clusterv3.OutlierDetection {
	enforce := func(n uint32) *wrapperspb.UInt32Value {
		if n == 0 {
			return wrapperspb.UInt32(0)
		}
		return wrapperspb.UInt32(100)
	}
	out := &clusterv3.OutlierDetection{
		Interval:                           durationpb.New(o.Interval),
		BaseEjectionTime:                   durationpb.New(o.BaseEjection),
		MaxEjectionPercent:                 wrapperspb.UInt32(o.MaxEjectionPercent),
		EnforcingConsecutive_5Xx:           enforce(o.Consecutive5xx),
		EnforcingConsecutiveGatewayFailure: enforce(o.ConsecutiveGateway),
		EnforcingSuccessRate:               wrapperspb.UInt32(0),
	}
	if o.Consecutive5xx > 0 {
		out.Consecutive_5Xx = wrapperspb.UInt32(o.Consecutive5xx)
	}
	if o.ConsecutiveGateway > 0 {
		out.ConsecutiveGatewayFailure = wrapperspb.UInt32(o.ConsecutiveGateway)
	}
	return out
}

type endpoint struct {
	address  *corev3.Address
	metadata *corev3.Metadata
}

func assignment(cluster string, hosts []*endpoint) *endpointv3.ClusterLoadAssignment {
	locality := &endpointv3.LocalityLbEndpoints{}
	for _, h := range hosts {
		locality.LbEndpoints = append(locality.LbEndpoints, &endpointv3.LbEndpoint{
			HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: h.address}},
			Metadata:       h.metadata,
		})
	}
	return &endpointv3.ClusterLoadAssignment{
		ClusterName: cluster,
		Endpoints:   []*endpointv3.LocalityLbEndpoints{locality},
	}
}

func metadata(fields map[string]string) *corev3.Metadata {
	return &corev3.Metadata{FilterMetadata: map[string]*structpb.Struct{MetadataKey: stringStruct(fields)}}
}

func http2(o *corev3.Http2ProtocolOptions) *upstreamhttpv3.HttpProtocolOptions_ExplicitHttpConfig {
	return &upstreamhttpv3.HttpProtocolOptions_ExplicitHttpConfig{
		ProtocolConfig: &upstreamhttpv3.HttpProtocolOptions_ExplicitHttpConfig_Http2ProtocolOptions{Http2ProtocolOptions: o},
	}
}

func (b *builder) setProtocol(c *clusterv3.Cluster, explicit *upstreamhttpv3.HttpProtocolOptions_ExplicitHttpConfig) {
	options := &upstreamhttpv3.HttpProtocolOptions{
		UpstreamProtocolOptions: &upstreamhttpv3.HttpProtocolOptions_ExplicitHttpConfig_{ExplicitHttpConfig: explicit},
	}
	c.TypedExtensionProtocolOptions = map[string]*anypb.Any{protocolOptions: b.any(options)}
}
