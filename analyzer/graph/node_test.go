package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestParseNode(t *testing.T) {
	for _, want := range []*graphv1.Node{
		{Id: record.WorkloadID("m", "c", "ns", "web-v1"), Kind: "service", Mesh: "m", Cluster: "c", Namespace: "ns", Workload: "web-v1"},
		{Id: record.ServiceID("m", "c", "ns", "web"), Kind: "service", Mesh: "m", Cluster: "c", Namespace: "ns", Service: "web"},
		{Id: record.UnknownID("ns"), Kind: "unknown", Namespace: "ns"},
		{Id: record.ExternalID("api.example.com"), Kind: "external", Service: "api.example.com"},
		{Id: "", Kind: "unknown"},
		{Id: "a/b/c", Kind: "unknown"},
		{Id: "a/b/c/d/e", Kind: "unknown"},
	} {
		t.Run(want.Id, func(t *testing.T) {
			if diff := cmp.Diff(want, parseNode(want.Id), protocmp.Transform()); diff != "" {
				t.Errorf("node (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNodes(t *testing.T) {
	web, gate, ghost := "m/c/ns/web-v1", "m/c/ns/gate", "m/c/ns/ghost"
	got := nodes([]countRow{
		{Src: web, SrcService: "web", SrcVersion: "v1", Dst: gate, DstService: "gate", Vantage: record.VantageGateway, Requests: 3},
		{Src: web, SrcService: "weeb", Dst: "external/x", Vantage: record.VantageClient, Requests: 1},
		{Src: "unknown/ns", Dst: web, DstVersion: "v1", Vantage: record.VantageServer, Requests: 1},
		{Src: ghost, Dst: ghost, Vantage: record.VantageServer},
	})
	want := []*graphv1.Node{
		{Id: "external/x", Kind: "external", Service: "x"},
		{Id: gate, Kind: "gateway", Mesh: "m", Cluster: "c", Namespace: "ns", Workload: "gate", Service: "gate"},
		{Id: web, Kind: "service", Mesh: "m", Cluster: "c", Namespace: "ns", Workload: "web-v1", Service: "web", Version: "v1"},
		{Id: "unknown/ns", Kind: "unknown", Namespace: "ns"},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
}
