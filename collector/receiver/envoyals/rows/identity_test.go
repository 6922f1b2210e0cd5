package rows

import (
	"strings"
	"testing"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestReporter(t *testing.T) {
	for name, test := range map[string]struct {
		node wire.Node
		want Reporter
	}{
		"metadata": {
			wire.Node{ID: "sidecar~10.0.0.1~x.y~z", Cluster: "a.b", LogName: "mesh.request", Meta: wire.Metadata{
				MeshID: "m", ClusterID: "c", Namespace: "n", Workload: "w", Service: "s", Version: "v", ProxyKind: "sidecar",
			}},
			Reporter{
				Proxy: "sidecar~10.0.0.1~x.y~z", LogName: "mesh.request", Mesh: "m", Cluster: "c", Namespace: "n",
				Peer: record.Peer{ID: "m/c/n/w", Service: "s", Version: "v", Source: record.IDReporter},
			},
		},
		"node id": {
			wire.Node{ID: "sidecar~10.0.0.1~reviews-v2-5d.shop~bookinfo"},
			Reporter{
				Proxy: "sidecar~10.0.0.1~reviews-v2-5d.shop~bookinfo", Mesh: "bookinfo", Cluster: "default", Namespace: "shop",
				Peer: record.Peer{ID: "bookinfo/default/shop/reviews-v2-5d", Source: record.IDReporter},
			},
		},
		"router": {
			wire.Node{ID: "router~10.0.0.1~gw.edge~bookinfo", Cluster: "gw.edge"},
			Reporter{
				Proxy: "router~10.0.0.1~gw.edge~bookinfo", Mesh: "bookinfo", Cluster: "default", Namespace: "edge", Gateway: true,
				Peer: record.Peer{ID: "bookinfo/default/edge/gw", Service: "gw", Source: record.IDReporter},
			},
		},
		"cluster only": {
			wire.Node{ID: "front", Cluster: "front.shop"},
			Reporter{
				Proxy: "front", Mesh: "default", Cluster: "default", Namespace: "shop",
				Peer: record.Peer{ID: "default/default/shop/front", Service: "front", Source: record.IDReporter},
			},
		},
		"nothing": {
			wire.Node{},
			Reporter{Mesh: "default", Cluster: "default", Namespace: "default", Peer: record.Peer{ID: "unknown/default"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, *NewReporter(&test.node)); diff != "" {
				t.Errorf("reporter (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallee(t *testing.T) {
	for name, test := range map[string]struct {
		tags    map[string]string
		cluster string
		want    record.Peer
	}{
		"host metadata": {
			map[string]string{"dst.service": "ratings", "dst.namespace": "shop", "dst.workload": "ratings-v1", "dst.version": "v1"},
			"x",
			record.Peer{ID: "bookinfo/local/shop/ratings-v1", Service: "ratings", Version: "v1", Source: record.IDEndpointMetadata},
		},
		"route metadata": {
			map[string]string{"dst.service": "ratings", "dst.namespace": "shop"},
			"",
			record.Peer{ID: "bookinfo/local/shop/~ratings", Service: "ratings", Source: record.IDRegistry},
		},
		"cluster name": {
			nil, "outbound|9080|v1|ratings.stars",
			record.Peer{ID: "bookinfo/local/stars/~ratings", Service: "ratings", Source: record.IDClusterName},
		},
		"cluster name of Istio": {
			nil, "outbound|9080||ratings.stars.svc.cluster.local",
			record.Peer{ID: "bookinfo/local/stars/~ratings", Service: "ratings", Source: record.IDClusterName},
		},
		"host metadata and cluster name": {
			map[string]string{"dst.workload": "ratings-v1"},
			"outbound|9080||ratings.stars",
			record.Peer{ID: "bookinfo/local/stars/ratings-v1", Service: "ratings", Source: record.IDEndpointMetadata},
		},
		"principal": {
			map[string]string{"dst.service": "ratings", "dst.principal": "spiffe://m/ns/shop/sa/ratings"},
			"",
			record.Peer{
				ID: "bookinfo/local/shop/~ratings", Service: "ratings", Source: record.IDRegistry, Principal: "spiffe://m/ns/shop/sa/ratings",
			},
		},
		"foreign cluster": {nil, "PassthroughCluster", record.Peer{ID: "unknown/shop"}},
		"broken cluster":  {nil, "outbound|9080", record.Peer{ID: "unknown/shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, alstest.Outbound(), func(e *datav3.HTTPAccessLogEntry) {
				e.CommonProperties.CustomTags = map[string]string{"mesh.direction": "outbound"}
				for key, value := range test.tags {
					e.CommonProperties.CustomTags[key] = value
				}
				e.CommonProperties.UpstreamCluster = test.cluster
			})
			if diff := cmp.Diff(test.want, got.Dst); diff != "" {
				t.Errorf("callee (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCaller(t *testing.T) {
	const (
		header = "m=bookinfo;c=local;n=shop;w=page-v1;s=page;v=v1"
		same   = "spiffe://bookinfo/ns/shop/sa/page"
		other  = "spiffe://bookinfo/ns/bank/sa/teller"
	)
	told := record.Peer{ID: "bookinfo/local/shop/page-v1", Service: "page", Version: "v1", Source: record.IDPeerMetadata}
	with := func(p record.Peer, principal string) record.Peer { p.Principal = principal; return p }
	for name, test := range map[string]struct {
		header, principal string
		want              record.Peer
	}{
		"header":                          {header, "", told},
		"header and principal":            {header, same, with(told, same)},
		"header against the principal":    {header, other, record.Peer{ID: "unknown/bank", Principal: other, Source: record.IDMTLS}},
		"header and a principal of no ns": {header, "spiffe://bookinfo/page", with(told, "spiffe://bookinfo/page")},
		"principal":                       {"", other, record.Peer{ID: "unknown/bank", Principal: other, Source: record.IDMTLS}},
		"principal of no ns":              {"", "spiffe://bookinfo/page", record.Peer{ID: "unknown/shop", Principal: "spiffe://bookinfo/page"}},
		"nothing":                         {"", "", record.Peer{ID: "unknown/shop"}},
		"broken header":                   {"m=bookinfo;w=page-v1", "", record.Peer{ID: "unknown/shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, alstest.Inbound(), func(e *datav3.HTTPAccessLogEntry) {
				e.CommonProperties.TlsProperties = nil
				e.CommonProperties.CustomTags["src.principal"] = test.principal
				e.Request.RequestHeaders["x-mesh-peer"] = test.header
			})
			if diff := cmp.Diff(test.want, got.Src); diff != "" {
				t.Errorf("caller (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRouteOfArrival sees that an arrival is stored under the route by which its
// caller's proxy sent it, where that may be believed.
func TestRouteOfArrival(t *testing.T) {
	const who = "m=bookinfo;c=local;n=shop;w=page-v1;s=page;v=v1"
	for name, test := range map[string]struct {
		header, principal, want string
	}{
		"told":                          {who + ";r=gold", "", "gold"},
		"told, of the proven caller":    {who + ";r=gold", "spiffe://bookinfo/ns/shop/sa/page", "gold"},
		"told, against the principal":   {who + ";r=gold", "spiffe://bookinfo/ns/bank/sa/teller", "inbound"},
		"not told by an older proxy":    {who, "", "inbound"},
		"no proxy":                      {"", "", "inbound"},
		"a header without the caller":   {"r=gold", "", "inbound"},
		"encoded":                       {who + ";r=GET%20%2Fa%3Bb%3Dc%20gr%C3%B6%C3%9Fe", "", "GET /a;b=c größe"},
		"empty":                         {who + ";r=", "", "inbound"},
		"poses as a name of our own":    {who + ";r=~other", "", "inbound"},
		"control character":             {who + ";r=a%0Ab", "", "inbound"},
		"not UTF-8":                     {who + ";r=%FF", "", "inbound"},
		"percent sign without a code":   {who + ";r=100%", "", "100%"},
		"the last of two":               {who + ";r=gold;r=silver", "", "silver"},
		"first part":                    {"r=gold;" + who, "", "gold"},
		"the longest that is read":      {who + ";r=" + strings.Repeat("r", maxPeerHeader-len(who)-3), "", strings.Repeat("r", maxPeerHeader-len(who)-3)},
		"longer than the header may be": {who + ";r=" + strings.Repeat("r", maxPeerHeader), "", "inbound"},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, alstest.Inbound(), func(e *datav3.HTTPAccessLogEntry) {
				e.CommonProperties.TlsProperties = nil
				e.CommonProperties.CustomTags["src.principal"] = test.principal
				e.Request.RequestHeaders["x-mesh-peer"] = test.header
			})
			if got.Route != test.want {
				t.Errorf("route %q, want %q", got.Route, test.want)
			}
		})
	}
}

// TestOutboundRouteIsItsOwn sees that what the application put into the header
// does not change the route that the caller's own proxy reports.
func TestOutboundRouteIsItsOwn(t *testing.T) {
	got := request(t, alstest.Outbound(), func(e *datav3.HTTPAccessLogEntry) {
		e.Request.RequestHeaders["x-mesh-peer"] = "m=bookinfo;c=local;n=shop;w=page-v1;s=page;v=v1;r=forged"
	})
	if got.Route != "ratings-default" {
		t.Errorf("route %q, want ratings-default", got.Route)
	}
}

func TestPeerHeader(t *testing.T) {
	full := peerHeader{"m1", "c1", "n1", "w1", "s1", "v1", ""}
	routed := full
	routed.route = "r1"
	for name, test := range map[string]struct {
		text string
		want peerHeader
		ok   bool
	}{
		"all":               {"m=m1;c=c1;n=n1;w=w1;s=s1;v=v1", full, true},
		"route":             {"m=m1;c=c1;n=n1;w=w1;s=s1;v=v1;r=r1", routed, true},
		"encoded":           {"m=m1;c=c1;n=n1;w=w1;s=s1;v=1%3B2%3D3%25", peerHeader{"m1", "c1", "n1", "w1", "s1", "1;2=3%", ""}, true},
		"encoded by nobody": {"m=m1;c=c1;n=n1;w=w1;s=s1;v=100%", peerHeader{"m1", "c1", "n1", "w1", "s1", "100%", ""}, true},
		"plus is a plus":    {"m=m1;c=c1;n=n1;w=w1;s=s1;v=1+2", peerHeader{"m1", "c1", "n1", "w1", "s1", "1+2", ""}, true},
		"encoded slash":     {"m=m1;c=c1;n=n1;w=a%2Fb", peerHeader{}, false},
		"encoded tilde":     {"m=m1;c=c1;n=n1;w=%7Eratings", peerHeader{}, false},
		"any order":         {"v=v1;s=s1;w=w1;n=n1;c=c1;m=m1", full, true},
		"unknown parts":     {"m=m1;c=c1;n=n1;w=w1;s=s1;v=v1;zone=a", full, true},
		"no version":        {"m=m1;c=c1;n=n1;w=w1;s=s1", peerHeader{"m1", "c1", "n1", "w1", "s1", "", ""}, true},
		"no workload":       {"m=m1;c=c1;n=n1;s=s1", peerHeader{"m1", "c1", "n1", "", "s1", "", ""}, false},
		"empty":             {"", peerHeader{}, false},
		"slash":             {"m=m1;c=c1;n=n1;w=a/b", peerHeader{}, false},
		"poses as service":  {"m=m1;c=c1;n=n1;w=~ratings", peerHeader{}, false},
		"control character": {"m=m1;c=c1;n=n1;w=a\nb", peerHeader{}, false},
		"not ASCII":         {"m=m1;c=c1;n=n1;w=ä", peerHeader{}, false},
		"too long":          {"m=m1;c=c1;n=n1;w=" + strings.Repeat("w", maxPeerHeader), peerHeader{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := parsePeerHeader(test.text)
			if got != test.want || ok != test.ok {
				t.Errorf("got %+v, %t; want %+v, %t", got, ok, test.want, test.ok)
			}
		})
	}
}

func TestPrincipalNamespace(t *testing.T) {
	for uri, want := range map[string]string{
		"spiffe://td/ns/shop/sa/page":      "shop",
		"spiffe://td/ns//sa/page":          "",
		"spiffe://td/ns/shop":              "",
		"spiffe://td/ns/shop/sa/page/more": "",
		"spiffe://td/page":                 "",
		"https://td/ns/shop/sa/page":       "",
		"":                                 "",
	} {
		if got, ok := principalNamespace(uri); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t; want %q", uri, got, ok, want)
		}
	}
}
