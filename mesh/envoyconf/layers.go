package envoyconf

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/config/metrics/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
	"google.golang.org/protobuf/types/known/structpb"
)

// prematureResets lifts the second of two guards against HTTP/2 Rapid Reset.
// Between sidecars many resets are no attack: each per-try timeout of a caller
// is one. With the default the server's proxy would drop the whole connection
// after 500 of them; see also resetBurst.
const prematureResets = 1_000_000

// layers lets the file outrank the static layer, and the admin interface
// (which a person must reach through a 0600 socket) outrank both.
func (b *builder) layers() *bootstrapv3.LayeredRuntime {
	return &bootstrapv3.LayeredRuntime{Layers: []*bootstrapv3.RuntimeLayer{
		{Name: "static", LayerSpecifier: &bootstrapv3.RuntimeLayer_StaticLayer{StaticLayer: &structpb.Struct{
			Fields: map[string]*structpb.Value{
				"overload.premature_reset_total_stream_count": structpb.NewNumberValue(prematureResets),
			},
		}}},
		{Name: RuntimeLayer, LayerSpecifier: &bootstrapv3.RuntimeLayer_RtdsLayer_{RtdsLayer: &bootstrapv3.RuntimeLayer_RtdsLayer{
			Name:       RuntimeLayer,
			RtdsConfig: fileSource(RuntimeFile(b.options.Dir)),
		}}},
		{Name: "admin", LayerSpecifier: &bootstrapv3.RuntimeLayer_AdminLayer_{AdminLayer: &bootstrapv3.RuntimeLayer_AdminLayer{}}},
	}}
}

// fileSource watches a file; it must be replaced by rename, not written in
// place.
func fileSource(path string) *corev3.ConfigSource {
	return &corev3.ConfigSource{
		ResourceApiVersion: corev3.ApiVersion_V3,
		ConfigSourceSpecifier: &corev3.ConfigSource_PathConfigSource{
			PathConfigSource: &corev3.PathConfigSource{Path: path},
		},
	}
}

// keptStats are the statistics worth their memory: those of requests and tries,
// of the access logs (their counters prove completeness) and of configuration.
var keptStats = [...]string{
	"access_logs.", "cluster.", "cluster_manager.", "http.", "listener.", "listener_manager.", "overload.", "runtime.", "server.",
}

func statsConfig() *metricsv3.StatsConfig {
	list := &matcherv3.ListStringMatcher{}
	for _, prefix := range keptStats {
		list.Patterns = append(list.Patterns, &matcherv3.StringMatcher{
			MatchPattern: &matcherv3.StringMatcher_Prefix{Prefix: prefix},
		})
	}
	return &metricsv3.StatsConfig{StatsMatcher: &metricsv3.StatsMatcher{
		StatsMatcher: &metricsv3.StatsMatcher_InclusionList{InclusionList: list},
	}}
}
