package tune

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1/meshv1connect"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// The store's watermark fits as it is.
var _ = Settings{Watermark: slo.StoreWatermark(nil)}

// fakeMesh keeps one override and the calls it got.
type fakeMesh struct {
	configured, override *meshv1.TrafficPolicy
	calls                []string
	refuse               []string // of its two proxies, those that refuse a change
	err                  error    // of the next calls
	during               func()   // runs while a change is made
}

var _ meshv1connect.MeshServiceClient = (*fakeMesh)(nil)

func (m *fakeMesh) GetTrafficPolicy(context.Context, *connect.Request[meshv1.GetTrafficPolicyRequest]) (*connect.Response[meshv1.GetTrafficPolicyResponse], error) {
	if m.err != nil {
		return nil, m.err
	}
	return connect.NewResponse(&meshv1.GetTrafficPolicyResponse{Configured: m.configured, Effective: m.effective()}), nil
}

func (m *fakeMesh) effective() *meshv1.TrafficPolicy {
	if m.configured == nil {
		return nil
	}
	out := proto.CloneOf(m.configured)
	if m.override != nil {
		proto.Merge(out, m.override)
	}
	return out
}

func (m *fakeMesh) ApplyTrafficPolicy(_ context.Context, req *connect.Request[meshv1.ApplyTrafficPolicyRequest]) (*connect.Response[meshv1.ApplyTrafficPolicyResponse], error) {
	return m.change("apply", req.Msg.GetPolicy())
}

func (m *fakeMesh) ResetTrafficPolicy(context.Context, *connect.Request[meshv1.ResetTrafficPolicyRequest]) (*connect.Response[meshv1.ApplyTrafficPolicyResponse], error) {
	return m.change("reset", nil)
}

func (m *fakeMesh) change(call string, to *meshv1.TrafficPolicy) (*connect.Response[meshv1.ApplyTrafficPolicyResponse], error) {
	m.calls = append(m.calls, call)
	if m.during != nil {
		m.during()
	}
	if m.err != nil {
		return nil, m.err
	}
	answer := &meshv1.ApplyTrafficPolicyResponse{}
	for _, proxy := range []string{"p1", "p2"} {
		change := &meshv1.ProxyChange{Proxy: proxy}
		for _, r := range m.refuse {
			if r == proxy {
				change.Error = "no such cluster"
			}
		}
		answer.Changes = append(answer.Changes, change)
	}
	m.override = to
	return connect.NewResponse(answer), nil
}

// bench is a Service with its surroundings under the test's control.
type bench struct {
	*Service
	t      *testing.T
	mesh   *fakeMesh
	now    time.Time
	mark   time.Time
	burn   Burn
	burned bool
}

var t0 = time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)

// after returns a time some seconds after t0.
func after(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }

func newBench(t *testing.T) *bench {
	t.Helper()
	db, err := state.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &bench{t: t, mesh: &fakeMesh{}, now: t0, mark: t0}
	b.Service = New(Settings{
		State: db,
		Mesh:  b.mesh,
		Watermark: func(context.Context, time.Time) (time.Time, string, error) {
			return b.mark, "no collector reports", nil
		},
		LastBurn: func(context.Context, time.Time) (Burn, bool, error) { return b.burn, b.burned, nil },
		Now:      func() time.Time { return b.now },
		Log:      slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	return b
}

var ratings = &typesv1.EdgeRef{Namespace: "default", SrcService: "reviews", DstService: "ratings"}

// insert stores a plan of the edge that sets one retry and probes 400 ms, as of
// now.
func (b *bench) insert(id string) {
	b.t.Helper()
	retries := uint32(1)
	b.insertPolicy(id, &meshv1.TrafficPolicy{Retries: &retries, PerTryTimeout: durationpb.New(400 * time.Millisecond)})
}

func (b *bench) insertPolicy(id string, policy *meshv1.TrafficPolicy) {
	b.t.Helper()
	err := b.plans.Insert(b.t.Context(), &plans.Record{
		Deadline: time.Second,
		Plan: &tunev1.Plan{
			Id: id, Edge: ratings, CreatedAt: timestamppb.New(b.now), Policy: policy,
			Stressed: &typesv1.Window{From: timestamppb.New(after(-20)), To: timestamppb.New(after(-10))},
			Recommendations: []*tunev1.Recommendation{
				{Knob: verdict.KnobRetries, Verdict: verdict.Recommend, To: "1"},
				{Knob: verdict.KnobPerTry, Verdict: verdict.Probe, To: "400ms"},
			},
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) apply(id string, withoutProbes bool) (*tunev1.ApplyResponse, error) {
	answer, err := b.Apply(b.t.Context(), connect.NewRequest(&tunev1.ApplyRequest{PlanId: id, WithoutProbes: withoutProbes}))
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

func (b *bench) mustApply(id string) {
	b.t.Helper()
	if _, err := b.apply(id, false); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) rollback(id string) (*tunev1.RollbackResponse, error) {
	answer, err := b.Rollback(b.t.Context(), connect.NewRequest(&tunev1.RollbackRequest{PlanId: id}))
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

func (b *bench) plan(req *tunev1.PlanRequest) (*tunev1.Plan, error) {
	answer, err := b.Plan(b.t.Context(), connect.NewRequest(req))
	if err != nil {
		return nil, err
	}
	return answer.Msg.GetPlan(), nil
}

// events returns the names of a plan's audit trail.
func (b *bench) events(id string) []string {
	b.t.Helper()
	events, err := b.plans.Events(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, e.Event)
	}
	return out
}

// refused checks the code and, if there is one, part of the text of an error.
func refused(t *testing.T, what string, err error, code connect.Code, text string) {
	t.Helper()
	if err == nil || connect.CodeOf(err) != code || !contains(err.Error(), text) {
		t.Errorf("%s: %v, want %v with %q", what, err, code, text)
	}
}

var errDown = connect.NewError(connect.CodeInternal, errors.New("down"))
