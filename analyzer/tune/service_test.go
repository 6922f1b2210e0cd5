package tune

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/verdict"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

var errBroken = errors.New("broken")

// What breaks inside is no fault of the caller: it comes back as it is, and
// the API hides its text.
func TestInternalErrors(t *testing.T) {
	internal := func(what string, err error) {
		t.Helper()
		if err == nil || connect.CodeOf(err) != connect.CodeUnknown {
			t.Errorf("%s: %v, want an error without a code", what, err)
		}
	}
	b := newBench(t)
	b.use.Watermark = func(context.Context, time.Time) (time.Time, string, error) { return time.Time{}, "", errBroken }
	_, err := b.plan(&tunev1.PlanRequest{Edge: ratings})
	internal("watermark", err)

	b = newBench(t)
	b.use.LastBurn = func(context.Context, time.Time) (Burn, bool, error) { return Burn{}, false, errBroken }
	_, err = b.plan(&tunev1.PlanRequest{Edge: ratings})
	internal("burn", err)

	b = newBench(t)
	if b.use.Conn, err = query.Open("unix:///nonexistent/clickhouse.sock?database=d"); err != nil {
		t.Fatal(err)
	}
	defer b.use.Conn.Close()
	_, err = b.plan(&tunev1.PlanRequest{Edge: ratings})
	internal("store", err)
	b.burn, b.burned = Burn{Stressed: window(-20, -10)}, true
	_, err = b.plan(&tunev1.PlanRequest{Edge: ratings})
	internal("store, stressed rows", err)

	b = newBench(t)
	b.insert("a")
	b.use.State.Close()
	_, err = b.apply("a", false)
	internal("state, apply", err)
	_, err = b.rollback("")
	internal("state, rollback", err)
	_, err = b.plan(&tunev1.PlanRequest{Edge: ratings})
	internal("state, plan", err)
	_, err = b.ListPlans(t.Context(), connect.NewRequest(&tunev1.ListPlansRequest{}))
	internal("state, list", err)
	if len(b.mesh.calls) != 0 {
		t.Errorf("the mesh was changed without a trail: %v", b.mesh.calls)
	}
}

// A mesh that says nothing of its policy has no limits, which is knowledge.
func TestSilentMesh(t *testing.T) {
	b := newBench(t)
	policy, err := b.current(t.Context(), ratings)
	if err != nil || policy == nil {
		t.Errorf("current = %v, %v, want an empty policy", policy, err)
	}
	b.mark = t0 // no window at all: nothing is read
	b.burn, b.burned = Burn{}, true
	plan, err := b.plan(&tunev1.PlanRequest{Edge: ratings})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"INSUFFICIENT retries ", "INSUFFICIENT retry_budget ", "INSUFFICIENT timeout ", "INSUFFICIENT max_requests ", "INSUFFICIENT per_try_timeout ",
	}
	if diff := cmp.Diff(want, verdicts(plan)); diff != "" {
		t.Errorf("plan without rows (-want +got):\n%s", diff)
	}
	if from := plan.GetRecommendations()[0].GetFrom(); from != "0" {
		t.Errorf("retries from %q, want 0", from)
	}
	if verdictsOf := plan.GetRecommendations()[2]; verdictsOf.GetKnob() != verdict.KnobTimeout || verdictsOf.GetFrom() != "off" {
		t.Errorf("timeout from %q, want off", verdictsOf.GetFrom())
	}
}

// Of several applications of one plan at once, one wins.
func TestApplyOnce(t *testing.T) {
	b := newBench(t)
	b.insert("a")
	errs := make([]error, 8)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { _, errs[i] = b.apply("a", false) })
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if connect.CodeOf(err) != connect.CodeFailedPrecondition {
			t.Errorf("loser: %v", err)
		}
	}
	if won != 1 || len(b.mesh.calls) != 1 {
		t.Errorf("%d won, the mesh was called %d times, want once", won, len(b.mesh.calls))
	}
	if diff := cmp.Diff([]string{plans.Applying, plans.Applied}, b.events("a")); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
}

// A caller that leaves while the mesh changes does not leave the change
// unrecorded.
func TestCallerLeaves(t *testing.T) {
	b := newBench(t)
	b.insert("a")
	ctx, cancel := context.WithCancel(t.Context())
	b.mesh.during = cancel
	if _, err := b.Apply(ctx, connect.NewRequest(&tunev1.ApplyRequest{PlanId: "a"})); err != nil {
		t.Fatal(err)
	}
	if r, err := b.plans.Get(t.Context(), "a"); err != nil || !r.InForce() {
		t.Errorf("plan %v, %v: want it recorded as applied", r, err)
	}
}
