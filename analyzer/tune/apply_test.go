package tune

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func samePolicy(t *testing.T, what string, want, got *meshv1.TrafficPolicy) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestApply(t *testing.T) {
	b := newBench(t)
	b.insert("a")
	b.now = after(60)
	answer, err := b.apply("a", false)
	if err != nil {
		t.Fatal(err)
	}
	retries := uint32(1)
	samePolicy(t, "override", &meshv1.TrafficPolicy{Retries: &retries, PerTryTimeout: durationpb.New(400 * time.Millisecond)}, b.mesh.override)
	if at := answer.GetPlan().GetAppliedAt().AsTime(); !at.Equal(after(60)) {
		t.Errorf("applied at %v, want %v", at, after(60))
	}
	if len(answer.GetResult().GetChanges()) != 2 {
		t.Errorf("result %v, want both proxies", answer.GetResult())
	}
	if diff := cmp.Diff([]string{plans.Applying, plans.Applied}, b.events("a")); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
	list, err := b.ListPlans(t.Context(), connect.NewRequest(&tunev1.ListPlansRequest{Edge: ratings}))
	if err != nil || len(list.Msg.GetPlans()) != 1 || list.Msg.GetPlans()[0].GetAppliedAt() == nil {
		t.Errorf("list %v, %v: want the applied plan", list, err)
	}
}

func TestApplyWithoutProbes(t *testing.T) {
	b := newBench(t)
	b.insert("a")
	if _, err := b.apply("a", true); err != nil {
		t.Fatal(err)
	}
	retries := uint32(1)
	samePolicy(t, "override", &meshv1.TrafficPolicy{Retries: &retries}, b.mesh.override)
	stored, err := b.plans.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	samePolicy(t, "recorded as applied", &meshv1.TrafficPolicy{Retries: &retries}, stored.Applied)
	if stored.Plan.GetPolicy().GetPerTryTimeout() == nil {
		t.Error("the plan itself has lost its probe")
	}
}

func TestApplyRefuses(t *testing.T) {
	b := newBench(t)
	b.insert("old")
	b.now = after(16 * 60)
	_, err := b.apply("old", false)
	refused(t, "old plan", err, connect.CodeFailedPrecondition, "16m0s old, older than 15m0s")
	_, err = b.apply("nope", false)
	refused(t, "no plan", err, connect.CodeNotFound, "no such plan")
	b.insert("a")
	b.insert("b")
	_, err = b.apply("a", false)
	refused(t, "superseded plan", err, connect.CodeFailedPrecondition, "followed by b")
	b.mustApply("b")
	_, err = b.apply("b", false)
	refused(t, "applied plan", err, connect.CodeFailedPrecondition, "was applied at")
	b.insertPolicy("empty", &meshv1.TrafficPolicy{})
	_, err = b.apply("empty", false)
	refused(t, "plan without values", err, connect.CodeFailedPrecondition, "sets nothing")
	if diff := cmp.Diff([]string{"apply"}, b.mesh.calls); diff != "" {
		t.Errorf("calls of the mesh (-want +got):\n%s", diff)
	}
	b.use.Mesh = nil
	_, err = b.apply("b", false)
	refused(t, "no mesh", err, connect.CodeFailedPrecondition, "set mesh.url")
	_, err = b.rollback("b")
	refused(t, "rollback without a mesh", err, connect.CodeFailedPrecondition, "set mesh.url")
}

func TestApplyThatTheMeshRefuses(t *testing.T) {
	b := newBench(t)
	b.insert("a")
	b.mesh.err = errDown
	_, err := b.apply("a", false)
	refused(t, "mesh is down", err, connect.CodeUnavailable, "applying plan a: internal: down")
	b.mesh.err, b.mesh.refuse = nil, []string{"p1", "p2"}
	_, err = b.apply("a", false)
	refused(t, "all proxies refuse", err, connect.CodeFailedPrecondition, "p1: no such cluster; p2: no such cluster")
	b.mesh.refuse = []string{"p2"}
	answer, err := b.apply("a", false)
	if err != nil {
		t.Fatalf("one proxy refuses: %v", err)
	}
	if answer.GetResult().GetChanges()[1].GetError() == "" || answer.GetPlan().GetAppliedAt() == nil {
		t.Errorf("want it applied, and the refusal told: %v", answer)
	}
	want := []string{plans.Applying, plans.Refused, plans.Applying, plans.Refused, plans.Applying, plans.Applied}
	if diff := cmp.Diff(want, b.events("a")); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
}

func TestRollbackToConfiguration(t *testing.T) {
	b := newBench(t)
	_, err := b.rollback("")
	refused(t, "nothing applied", err, connect.CodeFailedPrecondition, "no plan is in force")
	b.insert("a")
	_, err = b.rollback("a")
	refused(t, "plan never applied", err, connect.CodeFailedPrecondition, "not in force")
	_, err = b.rollback("nope")
	refused(t, "no plan", err, connect.CodeNotFound, "no such plan")
	b.mustApply("a")
	b.now = after(60)
	answer, err := b.rollback("")
	if err != nil {
		t.Fatal(err)
	}
	if !answer.GetPlan().GetRolledBackAt().AsTime().Equal(after(60)) || b.mesh.override != nil {
		t.Errorf("plan %v, override %v", answer.GetPlan(), b.mesh.override)
	}
	if diff := cmp.Diff([]string{"apply", "reset"}, b.mesh.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	_, err = b.rollback("a")
	refused(t, "rolled back before", err, connect.CodeFailedPrecondition, "not in force")
}

func TestRollbackToPlanBefore(t *testing.T) {
	one, two := uint32(1), uint32(2)
	retries := func(n *uint32) *meshv1.TrafficPolicy { return &meshv1.TrafficPolicy{Retries: n} }
	limit := &meshv1.TrafficPolicy{MaxRequests: &two}
	for _, c := range []struct {
		name   string
		second *meshv1.TrafficPolicy
		calls  []string
	}{
		{"the same fields", retries(&two), []string{"apply", "apply", "apply"}},
		{"a field the first leaves alone", limit, []string{"apply", "apply", "reset", "apply"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.insertPolicy("first", retries(&one))
			b.mustApply("first")
			b.now = after(10)
			b.insertPolicy("second", c.second)
			b.mustApply("second")
			_, err := b.rollback("first")
			refused(t, "rolling back the lower one", err, connect.CodeFailedPrecondition, "second was applied after first")
			b.now = after(20)
			if _, err := b.rollback("second"); err != nil {
				t.Fatal(err)
			}
			samePolicy(t, "override", retries(&one), b.mesh.override)
			if diff := cmp.Diff(c.calls, b.mesh.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if inForce, err := b.plans.InForce(t.Context(), ratings); err != nil || inForce.Plan.GetId() != "first" {
				t.Errorf("in force: %v, %v, want first", inForce, err)
			}
		})
	}
}

func TestRollbackThatTheMeshRefuses(t *testing.T) {
	b := newBench(t)
	b.insert("a")
	b.mustApply("a")
	b.mesh.err = errDown
	_, err := b.rollback("a")
	refused(t, "mesh is down", err, connect.CodeUnavailable, "rolling back plan a")
	b.mesh.err, b.mesh.refuse = nil, []string{"p1", "p2"}
	_, err = b.rollback("a")
	refused(t, "all proxies refuse", err, connect.CodeFailedPrecondition, "p1: no such cluster")
	want := []string{plans.Applying, plans.Applied, plans.RollingBack, plans.Refused, plans.RollingBack, plans.Refused}
	if diff := cmp.Diff(want, b.events("a")); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
	if r, err := b.plans.Get(t.Context(), "a"); err != nil || !r.InForce() {
		t.Errorf("the plan must still be in force: %v, %v", r, err)
	}
}

func TestListPlansChecksEdge(t *testing.T) {
	b := newBench(t)
	_, err := b.ListPlans(t.Context(), connect.NewRequest(&tunev1.ListPlansRequest{Edge: &typesv1.EdgeRef{SrcService: "a"}}))
	refused(t, "half an edge", err, connect.CodeInvalidArgument, "dst_service")
	b.insert("a")
	for name, edge := range map[string]*typesv1.EdgeRef{"all": nil, "default namespace": {SrcService: "reviews", DstService: "ratings"}} {
		list, err := b.ListPlans(t.Context(), connect.NewRequest(&tunev1.ListPlansRequest{Edge: edge}))
		if err != nil || len(list.Msg.GetPlans()) != 1 {
			t.Errorf("%s: %v, %v, want one plan", name, list, err)
		}
	}
}
