package envoyconf

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// TestRendered sets one thing after the other that is not rendered: each is
// named, with where it stands.
func TestRendered(t *testing.T) {
	prefix := "/a"
	for _, tc := range []struct {
		want   string
		change func(*model.Mesh)
	}{
		{"", func(*model.Mesh) {}},
		{"workload shop/local/default/front-v1: STRICT mutual TLS is not supported", func(m *model.Mesh) { m.Workloads[0].PeerMode = model.PeerStrict }},
		{"workload shop/local/default/front-v1: AuthorizationPolicy is not", func(m *model.Mesh) { m.Workloads[0].Authorization.Deny = []model.AuthorizationPolicy{{}} }},
		{"front-v1: Telemetry is not", func(m *model.Mesh) { m.Workloads[0].Telemetry.NoSpans = true }},
		{"front-v1: a local rate limit is not", func(m *model.Mesh) { m.Workloads[0].RateLimit = &model.RateLimit{} }},
		{"service back: ServiceEntry is not", func(m *model.Mesh) { m.Services[0].External = &model.External{} }},
		{"service back.default: connectionPool beyond", func(m *model.Mesh) { m.Services[0].Policy.Connections.MaxRequests = 1 }},
		{"service back.default: loadBalancer is not", func(m *model.Mesh) { m.Services[0].Policy.Balancer.Algorithm = model.RingHash }},
		{"service back.default: tls is not", func(m *model.Mesh) { m.Services[0].Policy.TLS = &model.ClientTLS{Mode: model.TLSIstioMutual} }},
		{"service back.default: outlierDetection beyond", func(m *model.Mesh) { m.Services[0].Policy.Outlier = &model.OutlierDetection{SplitLocal: true} }},
		{"service back.default, subset v1: a policy of its own", func(m *model.Mesh) { m.Services[0].Subsets[0].Policy = &model.Policy{} }},
		{"service back.default, route default: redirect is not", func(m *model.Mesh) { m.Services[0].Routes[0].Redirect = &model.Redirect{} }},
		{"route default: directResponse is not", func(m *model.Mesh) { m.Services[0].Routes[0].Direct = &model.DirectResponse{} }},
		{"route default: rewrite is not", func(m *model.Mesh) { m.Services[0].Routes[0].Rewrite = &model.Rewrite{Prefix: &prefix} }},
		{"route default: headers is not", func(m *model.Mesh) { m.Services[0].Routes[0].Headers.Request.Remove = []string{"x"} }},
		{"route default: mirror is not", func(m *model.Mesh) { m.Services[0].Routes[0].Mirrors = []model.Mirror{{}} }},
		{"route default: corsPolicy is not", func(m *model.Mesh) { m.Services[0].Routes[0].CORS = &model.CORS{} }},
		{"route default: fault is not", func(m *model.Mesh) { m.Services[0].Routes[0].Fault = &model.Fault{} }},
		{"route default: retries.backoff is not", func(m *model.Mesh) { m.Services[0].Routes[0].Retry.BackOff = time.Second }},
		{"route default: retries.retryIgnorePreviousHosts is not", func(m *model.Mesh) { m.Services[0].Routes[0].Retry.SameHost = true }},
		{"route default: a destination of another service", func(m *model.Mesh) { m.Services[0].Routes[0].Destinations[0].Service = "x" }},
		{"route default: headers of a destination", func(m *model.Mesh) { m.Services[0].Routes[0].Destinations[0].Headers.Response.Remove = []string{"x"} }},
		{"route default: a match of uri by regex, whole segments or without regard to case is not", matched(func(x *model.Match) { x.Path.Regex = "a" })},
		{"a match of queryParams is not", matched(func(x *model.Match) { x.Query = []model.QueryMatch{{}} })},
		{"a match of method is not", matched(func(x *model.Match) { x.Method = &model.StringMatch{} })},
		{"a match of authority is not", matched(func(x *model.Match) { x.Authority = &model.StringMatch{} })},
		{"a match of scheme is not", matched(func(x *model.Match) { x.Scheme = &model.StringMatch{} })},
		{"a match of the caller's labels or namespace is not", matched(func(x *model.Match) { x.Source.Namespace = "n" })},
		{"a match of headers other than exact ones is not supported by a mesh that is configured by f", matched(func(x *model.Match) { x.Headers = []model.HeaderMatch{{Name: "x", Prefix: "y"}} })},
	} {
		m := &model.Mesh{Name: "shop", Cluster: "local", Workloads: []*model.Workload{{Name: "front-v1", Namespace: "default"}}}
		m.Services = []*model.Service{{
			Name: "back", Namespace: "default", Policy: model.DefaultPolicy(),
			Subsets: []*model.Subset{{Name: "v1"}}, Routes: []*model.Route{model.DefaultRoute()},
		}}
		tc.change(m)
		err := Rendered(m)
		if tc.want == "" {
			if err != nil {
				t.Errorf("a mesh of which all is rendered: %v", err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error = %v, want one with %q", err, tc.want)
		}
	}
}

func matched(change func(*model.Match)) func(*model.Mesh) {
	return func(m *model.Mesh) {
		m.Services[0].Routes[0].Matches = []model.Match{{Path: model.PathMatch{Prefix: "/"}, Headers: []model.HeaderMatch{{Name: "x", Exact: "y"}}}}
		change(&m.Services[0].Routes[0].Matches[0])
	}
}

// TestHarmlessParts: what asks for what a mesh of files does anyway.
func TestHarmlessParts(t *testing.T) {
	m := &model.Mesh{
		Workloads: []*model.Workload{{PeerMode: model.PeerPermissive, Scoped: true}, {PeerMode: model.PeerDisable}},
		Services: []*model.Service{{Policy: model.Policy{
			Balancer: model.Balancer{Algorithm: model.LeastRequest}, TLS: &model.ClientTLS{Mode: model.TLSDisable},
		}}},
	}
	if err := Rendered(m); err != nil {
		t.Error(err)
	}
}
