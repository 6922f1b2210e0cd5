package envoyconf

import (
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// resetBurst and resetRate lift the codec's guard against HTTP/2 Rapid Reset on
// listeners that only sidecars reach; see prematureResets. By default nghttp2
// drops a connection after 1,000 resets plus 33 a second (envoy#30882).
const (
	resetBurst = 100_000
	resetRate  = 100_000 // per second
)

// inboundListener takes the calls of other workloads and hands them to the
// application. Its codec is found per connection, so that plain HTTP/1.1 users
// may call too.
func (b *builder) inboundListener() *listenerv3.Listener {
	manager := b.manager(InboundStats, inbound)
	manager.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: b.inboundRoutes()}
	manager.Http2ProtocolOptions = &corev3.Http2ProtocolOptions{
		StreamResetBurst: wrapperspb.UInt64(resetBurst),
		StreamResetRate:  wrapperspb.UInt64(resetRate),
	}
	return b.listener("inbound", corev3.TrafficDirection_INBOUND, socket(b.workload.Address, b.workload.InboundPort), manager)
}

// outboundListener takes the application's own calls to one service.
func (b *builder) outboundListener(u model.Upstream, s *model.Service) *listenerv3.Listener {
	manager := b.manager(OutboundStats(s), outbound)
	manager.RouteSpecifier = &hcmv3.HttpConnectionManager_Rds{Rds: &hcmv3.Rds{
		RouteConfigName: RouteName(s),
		ConfigSource:    fileSource(RouteFile(b.options.Dir, s)),
	}}
	return b.listener(RouteName(s), corev3.TrafficDirection_OUTBOUND, socket(loopback, u.LocalPort), manager)
}

func (b *builder) listener(name string, d corev3.TrafficDirection, at *corev3.Address, manager *hcmv3.HttpConnectionManager) *listenerv3.Listener {
	return &listenerv3.Listener{
		Name:             name,
		TrafficDirection: d,
		Address:          at,
		FilterChains: []*listenerv3.FilterChain{{Filters: []*listenerv3.Filter{{
			Name:       "envoy.filters.network.http_connection_manager",
			ConfigType: &listenerv3.Filter_TypedConfig{TypedConfig: b.any(manager)},
		}}}},
	}
}

// manager is what both directions share: logs of whole requests, and a router
// that logs each try of an outbound one.
func (b *builder) manager(stats string, d direction) *hcmv3.HttpConnectionManager {
	router := &routerv3.Router{}
	if d == outbound {
		router.UpstreamLog = b.accessLogs(TryLog, d)
	}
	return &hcmv3.HttpConnectionManager{
		StatPrefix: stats,
		CodecType:  hcmv3.HttpConnectionManager_AUTO,
		AccessLog:  b.accessLogs(RequestLog, d),
		HttpFilters: []*hcmv3.HttpFilter{{
			Name:       "envoy.filters.http.router",
			ConfigType: &hcmv3.HttpFilter_TypedConfig{TypedConfig: b.any(router)},
		}},
	}
}

// accessLogs returns the sinks of one kind of row.
func (b *builder) accessLogs(name string, d direction) []*accesslogv3.AccessLog {
	logs := []*accesslogv3.AccessLog{b.grpcLog(name, d)}
	if b.options.AccessLogFile != "" {
		logs = append(logs, b.fileLog(name, d))
	}
	return logs
}
