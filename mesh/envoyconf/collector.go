package envoyconf

import (
	"fmt"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	// collectorWindow bounds what is on its way to a receiver that does not
	// read, per stream; with Envoy's default of 256 MiB, megabytes would wait
	// there uncounted, and die with the receiver.
	collectorWindow = 1 << 20
	// collectorCheck is the interval and the timeout of its health check.
	collectorCheck = 500 * time.Millisecond
)

// collectorCluster leads to the access-log receiver. Without a health check and
// with panic routing, Envoy would open streams to a receiver that is away, hand
// it rows and count them as sent. With no healthy host the rows stay in the
// buffer, and those that do not fit are counted as dropped.
func (b *builder) collectorCluster() (*clusterv3.Cluster, error) {
	address, isName, err := parseAddress(b.options.Collector)
	if err != nil {
		return nil, fmt.Errorf("rendering the collector's cluster: %w", err)
	}
	kind := clusterv3.Cluster_STATIC
	if isName {
		kind = clusterv3.Cluster_STRICT_DNS
	}
	cluster := &clusterv3.Cluster{
		Name:                 CollectorName,
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: kind},
		ConnectTimeout:       durationpb.New(time.Second),
		LoadAssignment:       assignment(CollectorName, []*endpoint{{address: address}}),
		CommonLbConfig:       &clusterv3.Cluster_CommonLbConfig{HealthyPanicThreshold: &typev3.Percent{Value: 0}},
		HealthChecks: []*corev3.HealthCheck{{
			Timeout:            durationpb.New(collectorCheck),
			Interval:           durationpb.New(collectorCheck),
			NoTrafficInterval:  durationpb.New(collectorCheck),
			UnhealthyThreshold: wrapperspb.UInt32(1),
			HealthyThreshold:   wrapperspb.UInt32(1),
			HealthChecker:      &corev3.HealthCheck_TcpHealthCheck_{TcpHealthCheck: &corev3.HealthCheck_TcpHealthCheck{}},
		}},
	}
	b.setProtocol(cluster, http2(&corev3.Http2ProtocolOptions{
		InitialStreamWindowSize:     wrapperspb.UInt32(collectorWindow),
		InitialConnectionWindowSize: wrapperspb.UInt32(collectorWindow),
	}))
	return cluster, nil
}
