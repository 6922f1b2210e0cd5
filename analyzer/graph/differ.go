package graph

import (
	"context"
	"errors"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/analyzer/graph/diff"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// DiffGraphs compares two windows (see package diff for the method). Errors are
// those of GetGraph, and InvalidArgument for options that hide edges: an edge
// that one window leaves out would seem new or gone.
func (s *Service) DiffGraphs(ctx context.Context, req *connect.Request[graphv1.DiffGraphsRequest]) (*connect.Response[graphv1.DiffGraphsResponse], error) {
	before, after, err := diffRequests(req.Msg)
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	first, err := s.GetGraph(ctx, connect.NewRequest(before))
	if err != nil {
		return nil, err
	}
	second, err := s.GetGraph(ctx, connect.NewRequest(after))
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(difference(first.Msg, second.Msg, req.Msg.GetWithSame())), nil
}

// diffRequests asks for the same edges, with their bins, in two windows.
func diffRequests(req *graphv1.DiffGraphsRequest) (before, after *graphv1.GetGraphRequest, err error) {
	if req.GetBefore() == nil || req.GetAfter() == nil {
		return nil, nil, errors.New("before and after are needed: name two windows")
	}
	before = proto.CloneOf(req.Before)
	if before.Limit > 0 || before.ErrorsOnly || before.CountsOnly {
		return nil, nil, errors.New("limit, errors_only and counts_only cannot be compared: leave them out")
	}
	before.WithBins, before.WithinUs = true, nil
	after = proto.CloneOf(before)
	after.From, after.To, after.Window = req.After.From, req.After.To, req.After.Window
	return before, after, nil
}

func difference(before, after *graphv1.GetGraphResponse, withSame bool) *graphv1.DiffGraphsResponse {
	answer := &graphv1.DiffGraphsResponse{Before: before.Window, After: after.Window, Level: diff.Level}
	for _, c := range diff.Compare(diffWindow(before), diffWindow(after)) {
		if c.Kind == diff.Same {
			answer.Same++
			if !withSame {
				continue
			}
		}
		answer.Changes = append(answer.Changes, changeProto(c))
	}
	return answer
}

func diffWindow(g *graphv1.GetGraphResponse) diff.Window {
	w := diff.Window{Length: g.Window.GetTo().AsTime().Sub(g.Window.GetFrom().AsTime())}
	for _, e := range g.Edges {
		c := diff.Counts{
			Key: diff.Key{Src: e.Src, Dst: e.Dst, Route: e.Route}, Unit: e.Unit,
			Requests: e.Requests, Failures: e.Failures, Latency: map[record.Bin]uint64{},
		}
		for _, bin := range e.LatencyBins {
			c.Latency[record.BinOf(uint32(bin.HighUs))] += bin.Requests
		}
		w.Edges = append(w.Edges, c)
	}
	return w
}

func changeProto(c diff.Change) *graphv1.EdgeChange {
	out := &graphv1.EdgeChange{
		Src: c.Src, Dst: c.Dst, Route: c.Route, Kind: string(c.Kind),
		RequestsBefore: c.Before.Requests, RequestsAfter: c.After.Requests,
	}
	for _, t := range c.Tests {
		out.Tests = append(out.Tests, &graphv1.EdgeTest{
			Figure: t.Figure, Before: t.Before, After: t.After, P: t.P, Q: t.Q,
			Significant: t.Significant, ThresholdUs: t.ThresholdUs,
		})
	}
	return out
}
