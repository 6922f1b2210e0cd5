package mapping

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// istioLabels are those of a call between two workloads, as its source sees it.
func istioLabels(change labelMap) labelMap {
	labels := labelMap{
		"mesh": "bookinfo", "reporter": "source",
		"source_workload": "productpage-v1", "source_workload_namespace": "shop", "source_cluster": "east",
		"source_canonical_service": "productpage", "source_version": "v1", "source_principal": "spiffe://cluster.local/ns/shop/sa/productpage",
		"destination_workload": "reviews-v2", "destination_workload_namespace": "shop", "destination_cluster": "west",
		"destination_service": "reviews.shop.svc.cluster.local", "destination_service_name": "reviews",
		"destination_service_namespace": "shop", "destination_version": "v2", "destination_principal": "unknown",
		"request_protocol": "http", "response_code": "200", "grpc_response_status": "", "response_flags": "-",
		"connection_security_policy": "unknown",
	}
	maps.Copy(labels, change)
	return labels
}

// istioEdgeOf is the edge of those labels.
func istioEdgeOf(change func(*Edge)) Edge {
	e := Edge{
		Vantage: record.VantageClient,
		Src: record.Peer{
			ID: "bookinfo/east/shop/productpage-v1", Service: "productpage", Version: "v1",
			Principal: "spiffe://cluster.local/ns/shop/sa/productpage", Source: record.IDMTLS,
		},
		Dst:      record.Peer{ID: "bookinfo/west/shop/reviews-v2", Service: "reviews", Version: "v2", Source: record.IDPeerMetadata},
		Protocol: "http", Outcome: record.OutcomeOK, Code: 200, GRPCStatus: -1, Latency: record.LatencyFull,
	}
	if change != nil {
		change(&e)
	}
	return e
}

func TestIstioEdges(t *testing.T) {
	for name, test := range map[string]struct {
		labels labelMap
		want   func(*Edge)
	}{
		"as it is": {nil, nil},
		"the server's view, under mutual TLS": {
			labelMap{"reporter": "destination", "connection_security_policy": "mutual_tls"},
			func(e *Edge) { e.Vantage, e.MTLS = record.VantageServer, record.MTLSMutual },
		},
		"in the clear": {labelMap{"connection_security_policy": "none"}, func(e *Edge) { e.MTLS = record.MTLSNone }},
		"a waypoint":   {labelMap{"reporter": "waypoint"}, func(e *Edge) { e.Vantage = record.VantageGateway }},
		"no answer: the caller left": {
			labelMap{"response_code": "0", "response_flags": "DC"},
			func(e *Edge) { e.Code, e.Flags, e.Outcome = 0, record.FlagDC, record.OutcomeClientGone },
		},
		"no answer, and no reason": {
			labelMap{"response_code": "0"},
			func(e *Edge) { e.Code, e.Outcome = 0, record.OutcomeUnknown },
		},
		"several flags": {
			labelMap{"response_code": "503", "response_flags": "UF,URX"},
			func(e *Edge) {
				e.Code, e.Flags, e.Outcome = 503, record.FlagUF|record.FlagURX, record.OutcomeConnectFail
			},
		},
		"a breaker": {
			labelMap{"response_code": "503", "response_flags": "UO"},
			func(e *Edge) { e.Code, e.Flags, e.Outcome = 503, record.FlagUO, record.OutcomeOverflow },
		},
		"a flag without a bit": {
			labelMap{"response_code": "503", "response_flags": "DO,UC"},
			func(e *Edge) { e.Code, e.Flags, e.Outcome = 503, record.FlagUC, record.OutcomeResetUp },
		},
		"gRPC": {
			labelMap{"request_protocol": "grpc", "grpc_response_status": "14"},
			func(e *Edge) { e.Protocol, e.GRPCStatus, e.Outcome = "grpc", 14, record.OutcomeServerError },
		},
		"gRPC without trailers": {labelMap{"request_protocol": "grpc"}, func(e *Edge) { e.Protocol = "grpc" }},
		"a caller from outside": {
			labelMap{"source_workload": "unknown", "source_workload_namespace": "unknown", "source_canonical_service": "unknown", "source_version": "unknown", "source_principal": "unknown"},
			func(e *Edge) { e.Src = record.Peer{ID: "unknown/"} },
		},
		"a service without a healthy host": {
			labelMap{"destination_workload": "unknown", "destination_workload_namespace": "unknown", "destination_version": "unknown"},
			func(e *Edge) { e.Dst.ID, e.Dst.Version = "bookinfo/west/shop/~reviews", "" },
		},
		"out of the mesh: the host header is no name": {
			labelMap{"destination_service_name": "PassthroughCluster", "destination_service": "evil-1.example.com", "destination_workload": "unknown"},
			func(e *Edge) { e.Dst = record.Peer{ID: "external/PassthroughCluster", Source: record.IDClusterName} },
		},
		"without a mesh and clusters": {
			labelMap{"mesh": "", "source_cluster": "unknown", "destination_cluster": ""},
			func(e *Edge) {
				e.Src.ID, e.Dst.ID = "default/default/shop/productpage-v1", "default/default/shop/reviews-v2"
			},
		},
		"a status that is none": {labelMap{"response_code": "many", "grpc_response_status": "300"}, func(e *Edge) { e.Code, e.Outcome = 0, record.OutcomeUnknown }},
	} {
		t.Run(name, func(t *testing.T) {
			place, verdict := istio("istio_requests_total", istioLabels(test.labels))
			want := Place{Edge: istioEdgeOf(test.want), Field: Requests}
			if diff := cmp.Diff(want, place); verdict != Mapped || diff != "" {
				t.Errorf("verdict %v, place (-want +got):\n%s", verdict, diff)
			}
		})
	}
}

func TestIstioFields(t *testing.T) {
	for _, test := range []struct {
		name, le string
		verdict  Verdict
		want     Place
	}{
		{"istio_requests_total", "", Mapped, Place{Field: Requests}},
		{"istio_request_duration_milliseconds_bucket", "0.5", Mapped, Place{Field: LatencyBucket, Bound: 500}},
		{"istio_request_duration_milliseconds_bucket", "3.6e+06", Mapped, Place{Field: LatencyBucket, Bound: 3_600_000_000}},
		{"istio_request_duration_milliseconds_bucket", "+Inf", Mapped, Place{Field: LatencyBucket, Bound: NoBound}},
		{"istio_request_duration_milliseconds_sum", "", Mapped, Place{Field: LatencySum, Scale: 1000}},
		{"istio_request_bytes_sum", "", Mapped, Place{Field: RequestBytes}},
		{"istio_response_bytes_sum", "", Mapped, Place{Field: ResponseBytes}},
		{"istio_request_duration_milliseconds_bucket", "", Unmapped, Place{}},
		{"istio_request_duration_milliseconds_bucket", "NaN", Unmapped, Place{}},
		{"istio_request_duration_milliseconds_bucket", "-1", Unmapped, Place{}},
		{"istio_request_duration_milliseconds_count", "", Repeat, Place{}},
		{"istio_request_bytes_bucket", "1", Repeat, Place{}},
		{"istio_tcp_sent_bytes_total", "", Unmapped, Place{}},
		{"istio_build", "", Unmapped, Place{}},
	} {
		place, verdict := istio(test.name, istioLabels(labelMap{"le": test.le}))
		want := test.want
		if test.verdict == Mapped {
			want.Edge = istioEdgeOf(nil)
		}
		if diff := cmp.Diff(want, place); verdict != test.verdict || diff != "" {
			t.Errorf("%s le=%q: %v, want %v; place (-want +got):\n%s", test.name, test.le, verdict, test.verdict, diff)
		}
	}
	for _, reporter := range []string{"", "unknown", "somebody"} {
		if _, verdict := istio("istio_requests_total", istioLabels(labelMap{"reporter": reporter})); verdict != Unmapped {
			t.Errorf("reporter %q: %v", reporter, verdict)
		}
	}
}
