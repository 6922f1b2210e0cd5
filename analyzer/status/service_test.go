package status

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
	statusv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

func results(checks []*statusv1.Check) map[string]string {
	out := map[string]string{}
	for _, c := range checks {
		out[c.Code] = c.Result
	}
	return out
}

func TestGetStatus(t *testing.T) {
	dsn := enginetest.Start(t)
	reader, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	now := time.Now().UTC().Truncate(time.Second)
	service := New(reader, nil, "1.2.3", func() time.Time { return now })
	status := func() *statusv1.GetStatusResponse {
		t.Helper()
		answer, err := service.GetStatus(t.Context(), connect.NewRequest(&statusv1.GetStatusRequest{}))
		if err != nil {
			t.Fatal(err)
		}
		return answer.Msg
	}

	if diff := cmp.Diff(map[string]string{"PLM001": "ok", "PLM002": "error"}, results(status().Checks)); diff != "" {
		t.Errorf("without tables (-want +got):\n%s", diff)
	}

	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"PLM001": "ok", "PLM002": "ok", "PLM003": "error", "PLM004": "ok", "PLM005": "warning"}
	if diff := cmp.Diff(want, results(status().Checks)); diff != "" {
		t.Errorf("without heartbeats (-want +got):\n%s", diff)
	}

	beat(t, dsn, now)
	got := status()
	want = map[string]string{"PLM001": "ok", "PLM002": "ok", "PLM003": "ok", "PLM004": "warning", "PLM005": "warning"}
	if diff := cmp.Diff(want, results(got.Checks)); diff != "" {
		t.Errorf("with heartbeats (-want +got):\n%s", diff)
	}
	got.Checks = nil
	answer := &statusv1.GetStatusResponse{
		Version:   "1.2.3",
		Watermark: timestamppb.New(now.Add(-query.Margin)),
		Proxies: []*statusv1.ProxyStatus{
			{Proxy: "p1", Collector: "c1", LastSeen: timestamppb.New(now.Add(-2 * time.Second)), Requests: 20, Attempts: 21},
			{Proxy: "p2", Collector: "gone", LastSeen: timestamppb.New(now.Add(-time.Minute)), Requests: 5, Attempts: 5},
		},
	}
	if diff := cmp.Diff(answer, got, protocmp.Transform()); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

// TestGetStatusOfADeadCollector: the watermark stands still, which is a finding,
// and the answer still tells where.
func TestGetStatusOfADeadCollector(t *testing.T) {
	dsn := enginetest.Start(t)
	if err := schema.Ensure(t.Context(), dsn, schema.Options{}); err != nil {
		t.Fatal(err)
	}
	reader, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	died := time.Now().UTC().Truncate(time.Second)
	beat(t, dsn, died)
	service := New(reader, nil, "1.2.3", func() time.Time { return died.Add(59 * time.Second) })
	answer, err := service.GetStatus(t.Context(), connect.NewRequest(&statusv1.GetStatusRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if got := answer.Msg.Watermark.AsTime(); !got.Equal(died.Add(-query.Margin)) {
		t.Errorf("watermark %s, want where the rows end, %s", got, died.Add(-query.Margin))
	}
	c := find(answer.Msg.Checks, "PLM003")
	if c.GetResult() != "error" || !strings.Contains(c.GetDetail(), "no collector has reported for 59s") || c.GetHint() == "" {
		t.Errorf("check %v, want an error that names the silence", c)
	}
	if c := find(answer.Msg.Checks, "PLM002"); c.GetResult() != "ok" {
		t.Errorf("check %v, want the tables that this build made to be ok", c)
	}
}

// beat writes heartbeats: collector c1 lives with proxy p1, collector gone and
// its proxy p2 have been silent for a minute.
func beat(t *testing.T, dsn string, now time.Time) {
	t.Helper()
	parsed, err := query.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := query.OpenWriter(parsed)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	b, err := writer.PrepareBatch(t.Context(), "INSERT INTO heartbeats_in (ts, collector, proxy, complete_through, requests, attempts)")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		ago              time.Duration
		collector, proxy string
		requests         uint64
		attempts         uint64
	}{
		{0, "c1", "", 0, 0},
		{3 * time.Second, "c1", "p1", 10, 11},
		{2 * time.Second, "c1", "p1", 20, 21},
		{time.Minute, "gone", "", 0, 0},
		{time.Minute, "gone", "p2", 5, 5},
		{-time.Minute, "c1", "p3", 9, 9}, // after now: not looked at
		{2 * time.Hour, "c1", "p4", 9, 9},
	} {
		at := now.Add(-row.ago)
		if err := b.Append(at, row.collector, row.proxy, at, row.requests, row.attempts); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(); err != nil {
		t.Fatal(err)
	}
}

// meshAnswer is a mesh that answers each call with an error, nil for none.
type meshAnswer struct {
	meshv1connect.MeshServiceClient
	err error
}

func (m meshAnswer) GetTrafficPolicy(context.Context, *connect.Request[meshv1.GetTrafficPolicyRequest]) (*connect.Response[meshv1.GetTrafficPolicyResponse], error) {
	return nil, m.err
}

func TestReachMesh(t *testing.T) {
	for code, reached := range map[connect.Code]bool{
		connect.CodeInvalidArgument:  true,
		connect.CodeNotFound:         true,
		connect.CodeUnauthenticated:  false,
		connect.CodePermissionDenied: false,
		connect.CodeUnavailable:      false,
		connect.CodeDeadlineExceeded: false,
		connect.CodeUnimplemented:    false,
	} {
		err := ReachMesh(meshAnswer{err: connect.NewError(code, errors.New("x"))})(t.Context())
		if (err == nil) != reached {
			t.Errorf("the mesh answers %v: error %v, want reached=%v", code, err, reached)
		}
	}
	if err := ReachMesh(meshAnswer{})(t.Context()); err != nil {
		t.Errorf("the mesh answers: error %v", err)
	}
}
