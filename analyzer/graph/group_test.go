package graph

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestGroupID(t *testing.T) {
	known := &graphv1.Node{Id: "m/c/ns/web-v1", Mesh: "m", Cluster: "c", Namespace: "ns", Workload: "web-v1", Service: "web", Version: "v1"}
	bare := &graphv1.Node{Id: "m/c/ns/job", Mesh: "m", Cluster: "c", Namespace: "ns", Workload: "job"}
	outside := &graphv1.Node{Id: "external/x", Service: "x"}
	for by, want := range map[string][3]string{
		"":          {"m/c/ns/web-v1", "m/c/ns/job", "external/x"},
		byWorkload:  {"m/c/ns/web-v1", "m/c/ns/job", "external/x"},
		byService:   {"m/c/ns/~web", "m/c/ns/job", "external/x"},
		byVersion:   {"m/c/ns/~web@v1", "m/c/ns/job", "external/x"},
		byNamespace: {"m/c/ns/*", "m/c/ns/*", "external/x"},
		byCluster:   {"m/c/*/*", "m/c/*/*", "external/x"},
		byMesh:      {"m/*/*/*", "m/*/*/*", "external/x"},
	} {
		got := [3]string{groupID(known, by), groupID(bare, by), groupID(outside, by)}
		if got != want {
			t.Errorf("group by %q: %v, want %v", by, got, want)
		}
	}
}

func TestGroupNodes(t *testing.T) {
	for _, want := range []*graphv1.Node{
		{Id: "m/*/*/*", Kind: "mesh", Mesh: "m"},
		{Id: "m/c/*/*", Kind: "cluster", Mesh: "m", Cluster: "c"},
		{Id: "m/c/ns/*", Kind: "namespace", Mesh: "m", Cluster: "c", Namespace: "ns"},
		{Id: "m/c/ns/~s@v1", Kind: "service", Mesh: "m", Cluster: "c", Namespace: "ns", Service: "s", Version: "v1"},
	} {
		if diff := cmp.Diff(want, parseNode(want.Id), protocmp.Transform()); diff != "" {
			t.Errorf("node (-want +got):\n%s", diff)
		}
	}
}

// TestGroupJoinsVantages: two workloads of one service, one with a proxy beside
// it and one without, call a third. Each is counted from where it is seen.
func TestGroupJoinsVantages(t *testing.T) {
	rows := []countRow{
		{Src: "m/c/n/a1", SrcService: "a", Dst: "m/c/n/b", DstService: "b", Route: "r", Vantage: record.VantageClient, Requests: 10, Attempts: 12},
		{Src: "m/c/n/a1", SrcService: "a", Dst: "m/c/n/b", DstService: "b", Route: "r", Vantage: record.VantageServer, Requests: 12, Attempts: 12},
		{Src: "m/c/n/a2", SrcService: "a", Dst: "m/c/n/b", DstService: "b", Route: "r", Vantage: record.VantageServer, Requests: 5, Attempts: 5},
	}
	nodes, edges := build(rows, nil, options{length: time.Second, groupBy: byService})
	if len(nodes) != 2 || nodes[0].Id != "m/c/n/~a" || nodes[1].Id != "m/c/n/~b" {
		t.Fatalf("nodes %v", nodes)
	}
	if len(edges) != 1 {
		t.Fatalf("%d edges, want 1", len(edges))
	}
	e := edges[0]
	if e.Requests != 15 || e.Arrivals != 17 || e.Vantage != mixed || e.Unit != mixed {
		t.Errorf("requests %d, arrivals %d, %s %s; want 15, 17, mixed mixed", e.Requests, e.Arrivals, e.Vantage, e.Unit)
	}
	if e.Amplification != nil {
		t.Error("a mixture of requests and attempts has no amplification")
	}
	if len(e.Sources) != 2 || e.Sources[0].Requests != 10 || e.Sources[1].Requests != 17 {
		t.Errorf("sources %v, want 10 of the client and 17 of the server", e.Sources)
	}
}

// TestGroupingsAddUp: on random rows every grouping holds the same sums, in
// order, and the order of rows does not matter.
func TestGroupingsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	total := func(edges []*graphv1.Edge) (sum [6]uint64) {
		for _, e := range edges {
			for i, n := range []uint64{e.Requests, e.Arrivals, e.Attempts, e.Failures, e.RequestBytes, e.Timeouts} {
				sum[i] += n
			}
		}
		return sum
	}
	for range 100 {
		rows := randomRows(rng)
		var latencies []latencyRow
		for _, r := range rows {
			latencies = append(latencies, latencyOf(rng, r))
		}
		_, plain := build(rows, latencies, options{length: time.Minute})
		for _, by := range []string{byService, byVersion, byNamespace, byCluster, byMesh} {
			o := options{length: time.Minute, groupBy: by, withBins: true}
			nodes, grouped := build(rows, latencies, o)
			if total(grouped) != total(plain) {
				t.Fatalf("group by %s: sums %v, want %v", by, total(grouped), total(plain))
			}
			checkShape(t, nodes, grouped)
			rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			rng.Shuffle(len(latencies), func(i, j int) { latencies[i], latencies[j] = latencies[j], latencies[i] })
			_, again := build(rows, latencies, o)
			if diff := cmp.Diff(grouped, again, protocmp.Transform()); diff != "" {
				t.Fatalf("group by %s changes with the order of rows:\n%s", by, diff)
			}
		}
	}
}

func TestLeast(t *testing.T) {
	for _, c := range []struct {
		a, b, want *float64
		n, m       uint64
	}{
		{nil, nil, nil, 1, 1},
		{float(0.5), nil, nil, 1, 1},
		{float(0.5), nil, float(0.5), 1, 0},
		{nil, float(0.5), float(0.5), 0, 1},
		{float(0.5), float(0.25), float(0.25), 1, 1},
		{float(0.25), float(0.5), float(0.25), 1, 1},
	} {
		if diff := cmp.Diff(c.want, least(c.a, c.b, c.n, c.m)); diff != "" {
			t.Errorf("%v: %s", c, diff)
		}
	}
}
