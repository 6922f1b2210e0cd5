package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// fakeEdges answers with all that an edge may tell, and with one edge less
// than there are.
type fakeEdges struct{ fakeGraph }

func (f *fakeEdges) GetGraph(ctx context.Context, req *connect.Request[graphv1.GetGraphRequest]) (*connect.Response[graphv1.GetGraphResponse], error) {
	answer, err := f.fakeGraph.GetGraph(ctx, req)
	if err != nil || len(answer.Msg.Edges) == 0 {
		return answer, err
	}
	e := answer.Msg.Edges[0]
	e.Amplification, e.Timeouts, e.Completeness = proto.Float64(1.0776), 60, proto.Float64(0.9987)
	e.RequestBytes, e.ResponseBytes = 120_000, 48_000_000
	e.FirstSeen, e.LastSeen = noon(-time.Minute), noon(-10*time.Second)
	e.LatencyMs.P999 = figure(1890, 1800, 1900)
	e.Sources[0].ErrorRatio, e.Sources[1].ErrorRatio = proto.Float64(0.0055), proto.Float64(0.00619)
	for i, us := range req.Msg.WithinUs {
		share := figure(0.52, 0.52, 0.52)
		if i > 0 {
			share = figure(0.61, 0.6, 0.625)
		}
		e.Within = append(e.Within, &graphv1.Within{ThresholdUs: us, Share: share})
	}
	if req.Msg.Limit > 0 {
		answer.Msg.EdgesLeftOut = 1
	}
	return answer, nil
}

func TestEdges(t *testing.T) {
	f := &fakeEdges{}
	script(t, "edges", handler.Services{Graph: f},
		"edges",
		"edges -o wide --within 25ms --within 123.4ms",
		"edges -o name",
		"edges --service nothing",
		"edges --service reviews --depth 2 --errors-only --limit 2 --rank failures --group-by service -n shop --from 2026-03-01T11:59:00Z --window 1m -o name",
		"edges --within 0s",
		"edges --within 2h",
		"edges --depth x",
		"edges more",
	)
	checkFile(t, "edges_requests.txt", f.asked.String())
}

func TestTop(t *testing.T) {
	f := &fakeEdges{}
	script(t, "top", handler.Services{Graph: f},
		"top --times 1",
		"top --times 1 --rank failures -o name",
		"top --every 1ms",
		"top --within 0s",
		"top --times 1 --service nothing",
	)
	checkFile(t, "top_requests.txt", f.asked.String())
}

func TestEdgesHelp(t *testing.T) {
	for _, command := range []string{"edges", "top"} {
		got := plimsoll(t.Context(), command, "--help")
		if got.code != exitOK || got.stderr != "" {
			t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
		}
		golden.Check(t, "testdata/cli/help_"+command+".txt", []byte(got.stdout))
	}
}

// TestRepeat: an error ends it, an interrupt ends it without one.
func TestRepeat(t *testing.T) {
	broken := errors.New("broken")
	calls := 0
	err := repeat(t.Context(), time.Microsecond, 3, func(context.Context) error { calls++; return nil })
	if err != nil || calls != 3 {
		t.Errorf("%d calls, error %v; want 3 and none", calls, err)
	}
	if err := repeat(t.Context(), time.Hour, 0, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the call", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = repeat(ctx, time.Hour, 0, func(context.Context) error { cancel(); return broken })
	if err != nil {
		t.Errorf("error %v after an interrupt, want none", err)
	}
}
