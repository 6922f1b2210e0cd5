package graph

import (
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestDiffRequests(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	before, after, err := diffRequests(&graphv1.DiffGraphsRequest{
		Before: &graphv1.GetGraphRequest{Service: "web", GroupBy: "service", Window: durationpb.New(time.Minute), WithinUs: []uint32{5}},
		After:  &graphv1.GetGraphRequest{Service: "not read", From: timestamppb.New(day)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*graphv1.GetGraphRequest{before, after} {
		if r.Service != "web" || r.GroupBy != "service" || !r.WithBins || r.WithinUs != nil {
			t.Errorf("request %v, want the first one's filters, and bins", r)
		}
	}
	if after.Window != nil || !after.From.AsTime().Equal(day) || before.From != nil {
		t.Errorf("windows are mixed up: %v, %v", before, after)
	}
}

func TestDiffRequestsRefused(t *testing.T) {
	one := &graphv1.GetGraphRequest{}
	for want, req := range map[string]*graphv1.DiffGraphsRequest{
		"before and after are needed: name two windows": {Before: one},
		"limit, errors_only and counts_only cannot be compared: leave them out": {
			Before: &graphv1.GetGraphRequest{Limit: 1}, After: one,
		},
	} {
		if _, _, err := diffRequests(req); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestDifference(t *testing.T) {
	w := window{from: time.Unix(0, 0), to: time.Unix(60, 0), watermark: time.Unix(60, 0)}
	graphOf := func(failures uint64, extra string) *graphv1.GetGraphResponse {
		edges := []*graphv1.Edge{
			{Src: "a", Dst: "b", Unit: "requests", Requests: 1_000, Failures: failures},
			{Src: "a", Dst: "c", Unit: "requests", Requests: 1_000, Failures: 3},
			{Src: "a", Dst: extra, Unit: "requests", Requests: 7},
		}
		return &graphv1.GetGraphResponse{Window: w.proto(), Edges: edges}
	}
	got := difference(graphOf(5, "x"), graphOf(80, "y"), false)
	kinds := ""
	for _, c := range got.Changes {
		kinds += c.Dst + " " + c.Kind + ", "
	}
	if kinds != "b changed, x gone, y new, " || got.Same != 1 || got.Level != 0.01 {
		t.Errorf("changes %s %d same at level %v", kinds, got.Same, got.Level)
	}
	test := got.Changes[0].Tests[0]
	if test.Figure != "errors" || test.Before != 0.005 || test.After != 0.08 || !test.Significant {
		t.Errorf("test %v", test)
	}
	if all := difference(graphOf(5, "x"), graphOf(80, "y"), true); len(all.Changes) != 4 {
		t.Errorf("%d edges with those that are the same, want 4", len(all.Changes))
	}
}

// TestDiffWindowKeepsBins: a bin's upper edge names the bin again.
func TestDiffWindowKeepsBins(t *testing.T) {
	h := histogram{}
	for b := record.Bin(0); b <= record.BinOf(math.MaxUint32)-1; b++ {
		h[b] = uint64(b) + 1
	}
	g := &graphv1.GetGraphResponse{Window: window{}.proto(), Edges: []*graphv1.Edge{{Requests: 1, LatencyBins: h.proto()}}}
	for b, n := range diffWindow(g).Edges[0].Latency {
		if h[b] != n {
			t.Fatalf("bin %d holds %d, want %d", b, n, h[b])
		}
	}
}
