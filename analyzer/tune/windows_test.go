package tune

import (
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/plans"
	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/rows"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

func window(from, to float64) rows.Window { return rows.Window{From: after(from), To: after(to)} }

func windowMsg(from, to float64) *typesv1.Window {
	return &typesv1.Window{From: timestamppb.New(after(from)), To: timestamppb.New(after(to))}
}

func TestChooseScope(t *testing.T) {
	burn := Burn{SLO: "s", Healthy: window(0, 100), Stressed: window(100, 140), Deadline: 2 * time.Second}
	inForce := &plans.Record{
		Deadline: time.Second,
		Plan:     &tunev1.Plan{Stressed: windowMsg(100, 130)},
	}
	mark := after(400)
	for _, c := range []struct {
		name    string
		burned  bool
		inForce *plans.Record
		since   float64
		want    scope
	}{
		{"nothing happened", false, nil, 0, scope{healthy: window(100, 400)}},
		{"a burn", true, nil, 0, scope{window(0, 100), window(100, 140), 2 * time.Second}},
		{"applied after the burn", true, inForce, 150, scope{window(155, 400), window(100, 130), 2 * time.Second}},
		{"applied in the burn", true, inForce, 120, scope{window(125, 400), window(100, 130), 2 * time.Second}},
		{"applied, no SLO burned", false, inForce, 150, scope{window(155, 400), window(100, 130), time.Second}},
		{"burned again since", true, inForce, 50, scope{window(55, 100), window(100, 140), 2 * time.Second}},
		{"burned again, half a minute of green before", true, inForce, 65, scope{window(70, 100), window(100, 140), 2 * time.Second}},
		{"burned again, less than that", true, inForce, 66, scope{window(71, 400), window(100, 130), 2 * time.Second}},
		{"burned right after", true, inForce, 98, scope{window(103, 400), window(100, 130), 2 * time.Second}},
		{"applied just now", false, inForce, 399, scope{window(404, 400), window(100, 130), time.Second}},
	} {
		b := burn
		if !c.burned {
			b = Burn{}
		}
		got := chooseScope(b, c.burned, c.inForce, after(c.since), mark)
		if c.name == "nothing happened" {
			c.want.healthy = rows.Window{From: mark.Add(-defaultHealthy), To: mark}
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(scope{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestScopeOfRequest(t *testing.T) {
	b := newBench(t)
	b.burn, b.burned = Burn{Healthy: window(0, 100), Stressed: window(100, 140), Deadline: time.Second}, true
	mark := after(130)
	scopeOf := func(req *tunev1.PlanRequest) (scope, error) {
		return b.scope(t.Context(), ratings, req, after(200), mark)
	}
	for _, c := range []struct {
		name string
		req  *tunev1.PlanRequest
		want scope
	}{
		{"by default, cut at the watermark", &tunev1.PlanRequest{}, scope{window(0, 100), window(100, 130), time.Second}},
		{"healthy named", &tunev1.PlanRequest{Healthy: windowMsg(10, 20)}, scope{window(10, 20), window(100, 130), time.Second}},
		{"stressed named", &tunev1.PlanRequest{Stressed: windowMsg(110, 900)}, scope{window(0, 100), window(110, 130), time.Second}},
		{"open end", &tunev1.PlanRequest{Healthy: &typesv1.Window{From: timestamppb.New(after(20))}}, scope{window(20, 130), window(100, 130), time.Second}},
		{"deadline named", &tunev1.PlanRequest{Deadline: durationpb.New(3 * time.Second)}, scope{window(0, 100), window(100, 130), 3 * time.Second}},
	} {
		got, err := scopeOf(c.req)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(scope{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	for text, req := range map[string]*tunev1.PlanRequest{
		"healthy: from":                   {Healthy: windowMsg(20, 10)},
		"stressed: from is missing":       {Stressed: &typesv1.Window{To: timestamppb.New(after(1))}},
		"deadline: 0s is not a positive":  {Deadline: durationpb.New(0)},
		"deadline: -1s is not a positive": {Deadline: durationpb.New(-time.Second)},
	} {
		_, err := scopeOf(req)
		refused(t, text, err, connect.CodeInvalidArgument, text)
	}
}

// A plan that was rolled back no longer shapes the scope, and the one below it
// counts from the rollback.
func TestScopeFollowsRollback(t *testing.T) {
	b := newBench(t)
	b.insert("a")
	b.mustApply("a")
	b.now = after(10)
	b.insert("b")
	b.mustApply("b")
	healthy := func() rows.Window {
		t.Helper()
		s, err := b.scope(t.Context(), ratings, &tunev1.PlanRequest{}, b.now, after(1000))
		if err != nil {
			t.Fatal(err)
		}
		return s.healthy
	}
	if diff := cmp.Diff(window(15, 1000), healthy()); diff != "" {
		t.Errorf("b in force (-want +got):\n%s", diff)
	}
	b.now = after(50)
	if _, err := b.rollback("b"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(window(55, 1000), healthy()); diff != "" {
		t.Errorf("b rolled back (-want +got):\n%s", diff)
	}
	b.now = after(60)
	if _, err := b.rollback("a"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows.Window{From: after(700), To: after(1000)}, healthy()); diff != "" {
		t.Errorf("none in force (-want +got):\n%s", diff)
	}
}
