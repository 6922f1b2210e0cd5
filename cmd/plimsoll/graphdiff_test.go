package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	"github.com/plimsoll-mesh/plimsoll/api/apijson"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

// DiffGraphs answers with one edge of each kind, with none for the service
// "nothing", and keeps what it was asked.
func (f *fakeGraph) DiffGraphs(_ context.Context, req *connect.Request[graphv1.DiffGraphsRequest]) (*connect.Response[graphv1.DiffGraphsResponse], error) {
	text, err := apijson.Marshal(req.Msg)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&f.asked, "%s\n", text)
	answer := &graphv1.DiffGraphsResponse{Before: window(-2*time.Minute, -time.Minute), After: window(-time.Minute, 0), Same: 2, Level: 0.01}
	if req.Msg.Before.Service == "nothing" {
		return connect.NewResponse(answer), nil
	}
	answer.Changes = []*graphv1.EdgeChange{
		{Src: "shop/local/default/web", Dst: "shop/local/default/new", Route: "r", Kind: "new", RequestsAfter: 7},
		{Src: "shop/local/default/web", Dst: "shop/local/default/old", Route: "r", Kind: "gone", RequestsBefore: 9},
		{
			Src: "shop/local/default/web", Dst: "shop/local/default/ratings", Route: "evil\n\x1b[31mroute", Kind: "changed",
			RequestsBefore: 6_000, RequestsAfter: 12_000,
			Tests: []*graphv1.EdgeTest{
				{Figure: "errors", Before: 0.005, After: 0.08, P: 1e-9, Q: 3e-9, Significant: true},
				{Figure: "slow", Before: 0.5, After: 0.51, P: 0.4, Q: 0.4, ThresholdUs: 25_000},
				{Figure: "rate", Before: 100, After: 200, P: 1e-9, Q: 3e-9, Significant: true},
			},
		},
	}
	return connect.NewResponse(answer), nil
}

func TestGraphDiff(t *testing.T) {
	f := &fakeGraph{}
	const windows = "--before 2026-03-01T11:58:00Z/2026-03-01T11:59:00Z --after 2026-03-01T11:59:00Z/2026-03-01T12:00:00Z"
	script(t, "graph_diff", handler.Services{Graph: f},
		"graph diff "+windows,
		"graph diff -o wide "+windows,
		"graph diff -o name --all --group-by service -n shop "+windows,
		"graph diff --service nothing "+windows,
		"graph diff",
		"graph diff --before 10m --after 5m/0s",
		"graph diff --before 5m/10m --after 5m/0s",
	)
	checkFile(t, "graph_diff_requests.txt", f.asked.String())
	checkFile(t, "help_graph_diff.txt", plimsoll(t.Context(), "graph", "diff", "--help").stdout)
}
