package envoyconf

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Names that the proxies' statistics, logs and files carry.
const (
	RuntimeLayer  = "tune"           // RTDS layer and resource
	CollectorName = "collector_als"  // cluster of the access-log receiver
	MetadataKey   = "plimsoll"       // filter metadata namespace of routes and hosts
	InboundStats  = "inbound"        // http.<prefix> of the inbound listener
	RequestLog    = "mesh.request"   // log name of whole requests
	TryLog        = "mesh.try"       // log name of upstream tries
	VersionKey    = "plimsoll.layer" // runtime key that names the layer's content
)

// NodeID returns the node.id of a workload's proxy, by which its telemetry names
// it: "sidecar~<ip>~<instance>.<namespace>~<mesh>".
func NodeID(m *model.Mesh, w *model.Workload) string {
	return "sidecar~" + w.Address + "~" + w.InstanceName() + "." + w.Namespace + "~" + m.Name
}

// OutboundStats returns the http.<prefix> of the listener for a service.
func OutboundStats(s *model.Service) string {
	return "outbound_" + s.Name + "_" + s.Namespace
}

// RouteName returns the name of a service's route configuration; it is that of
// the cluster of the whole service.
func RouteName(s *model.Service) string { return s.ClusterName("") }

// ClusterStats returns cluster.<name> as statistics spell it: without the dots
// that Envoy's tag extraction would cut at.
func ClusterStats(cluster string) string {
	return strings.NewReplacer(".", "_", "|", ";").Replace(cluster)
}

// InboundCluster returns the cluster of the application's own port.
func InboundCluster(w *model.Workload) string {
	return "inbound|" + strconv.Itoa(w.AppPort)
}

// RouteFile returns the file below dir that holds a service's routes.
func RouteFile(dir string, s *model.Service) string {
	return filepath.Join(dir, "routes", s.Host()+".json")
}

// RuntimeFile returns the file below dir that holds the runtime layer.
func RuntimeFile(dir string) string { return filepath.Join(dir, "runtime.json") }

// RequestLogFile and TryLogFile return the files that Options.AccessLogFile
// stands for.
func RequestLogFile(base string) string { return base + ".request.json" }

// TryLogFile is RequestLogFile for upstream tries.
func TryLogFile(base string) string { return base + ".try.json" }
