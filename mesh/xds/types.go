package xds

// Type URLs of the resources whose order the protocol depends on. Others may be
// served too; they wait for nothing.
const (
	ClusterType  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	EndpointType = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	ListenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	RouteType    = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	RuntimeType  = "type.googleapis.com/envoy.service.runtime.v3.Runtime"
	SecretType   = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
)

// rank orders the steps. Runtime comes first: its leases run out.
func rank(url string) int {
	switch url {
	case RuntimeType:
		return 0
	case SecretType:
		return 1
	case ClusterType:
		return 2
	case EndpointType:
		return 3
	case ListenerType:
		return 4
	case RouteType:
		return 5
	}
	return 6
}

// childType is the type that Envoy waits for, unasked, after a resource of the
// given type changed.
func childType(url string) string {
	switch url {
	case ClusterType:
		return EndpointType
	case ListenerType:
		return RouteType
	}
	return ""
}
