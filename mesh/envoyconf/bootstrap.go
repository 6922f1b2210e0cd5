package envoyconf

import (
	"fmt"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	overloadv3 "github.com/envoyproxy/go-control-plane/envoy/config/overload/v3"
	connectionsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/resource_monitors/downstream_connections/v3"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Options are the places around one proxy.
type Options struct {
	Dir           string // holds the files of RouteFile and RuntimeFile
	AdminSocket   string // unix socket of the admin interface
	Collector     string // access-log receiver: "host:port" or the path of a unix socket
	AccessLogFile string // base name of the log files, a second witness; "": none
}

// maxDownstreamConnections guards the proxy's file descriptors; without such a
// monitor Envoy warns at each start that it has none.
const maxDownstreamConnections = 50000

// Bootstrap returns the start-up configuration of the workload's proxy.
func Bootstrap(m *model.Mesh, w *model.Workload, o Options) (*bootstrapv3.Bootstrap, error) {
	b := builder{mesh: m, workload: w, options: o, packer: new(packer)}
	collector, err := b.collectorCluster()
	if err != nil {
		return nil, err
	}
	listeners := []*listenerv3.Listener{b.inboundListener()}
	clusters := []*clusterv3.Cluster{collector, b.inboundCluster()}
	for _, u := range w.Upstreams {
		s := m.Service(u.Namespace, u.Service)
		if s == nil {
			return nil, fmt.Errorf("rendering %s: no service %s.%s", m.ID(w), u.Service, u.Namespace)
		}
		listeners = append(listeners, b.outboundListener(u, s))
		clusters = append(clusters, b.outboundClusters(s)...)
	}
	out := &bootstrapv3.Bootstrap{
		Node:            b.node(),
		Admin:           &bootstrapv3.Admin{Address: pipe(o.AdminSocket, 0o600)},
		LayeredRuntime:  b.layers(),
		OverloadManager: b.overload(),
		StatsConfig:     statsConfig(),
		StaticResources: &bootstrapv3.Bootstrap_StaticResources{Listeners: listeners, Clusters: clusters},
	}
	b.check(out)
	if b.err != nil {
		return nil, fmt.Errorf("rendering %s: %w", m.ID(w), b.err)
	}
	return out, nil
}

// builder carries what every part of one proxy's configuration needs.
type builder struct {
	*packer
	mesh     *model.Mesh
	workload *model.Workload
	options  Options
}

// node is the identity under which the proxy's logs arrive.
func (b *builder) node() *corev3.Node {
	w := b.workload
	fields := map[string]string{
		"MESH_ID": b.mesh.Name, "CLUSTER_ID": b.mesh.Cluster, "NAMESPACE": w.Namespace, "WORKLOAD": w.Name,
		"SERVICE": w.Service, "VERSION": w.Version, "SERVICE_ACCOUNT": w.ServiceAccount, "PROXY_KIND": "sidecar",
	}
	return &corev3.Node{
		Id:       NodeID(b.mesh, w),
		Cluster:  w.Service + "." + w.Namespace,
		Metadata: stringStruct(fields),
	}
}

func (b *builder) overload() *overloadv3.OverloadManager {
	return &overloadv3.OverloadManager{
		ResourceMonitors: []*overloadv3.ResourceMonitor{{
			Name: "envoy.resource_monitors.global_downstream_max_connections",
			ConfigType: &overloadv3.ResourceMonitor_TypedConfig{TypedConfig: b.any(&connectionsv3.DownstreamConnectionsConfig{
				MaxActiveDownstreamConnections: maxDownstreamConnections,
			})},
		}},
	}
}

// stringStruct leaves empty values out.
func stringStruct(fields map[string]string) *structpb.Struct {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for key, value := range fields {
		if value != "" {
			s.Fields[key] = structpb.NewStringValue(value)
		}
	}
	return s
}
