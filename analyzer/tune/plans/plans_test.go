package plans

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func openStore(t *testing.T) *Store {
	t.Helper()
	db, err := state.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return New(db)
}

func edge(dst, route string) *typesv1.EdgeRef {
	return &typesv1.EdgeRef{Namespace: "default", SrcService: "reviews", DstService: dst, Route: route}
}

func policy(retries uint32) *meshv1.TrafficPolicy {
	return &meshv1.TrafficPolicy{Retries: &retries, Timeout: durationpb.New(900 * time.Millisecond)}
}

// record makes a plan of an edge, made some seconds after t0.
func record(id string, e *typesv1.EdgeRef, second int) *Record {
	return &Record{
		Deadline: time.Second,
		Plan: &tunev1.Plan{
			Id: id, Edge: e, CreatedAt: timestamppb.New(t0.Add(time.Duration(second) * time.Second)),
			Healthy: &typesv1.Window{From: timestamppb.New(t0), To: timestamppb.New(t0.Add(time.Second))},
			Recommendations: []*tunev1.Recommendation{{
				Knob: "retries", Verdict: "RECOMMEND", From: "3", To: "1", Reason: "Because.",
				Evidence: []*tunev1.Evidence{{Name: "n", Value: 1.5, Unit: "tries", Source: "rows"}},
			}},
			Policy: policy(1), Current: policy(3),
		},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func insert(t *testing.T, s *Store, records ...*Record) {
	t.Helper()
	for _, r := range records {
		must(t, s.Insert(t.Context(), r))
	}
}

func TestRoundTrip(t *testing.T) {
	s := openStore(t)
	want := record("a", edge("ratings", "r1"), 1)
	insert(t, s, want)
	got, err := s.Get(t.Context(), "a")
	must(t, err)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("plan (-stored +read):\n%s", diff)
	}
	must(t, s.MarkApplied(t.Context(), "a", t0.Add(time.Minute), policy(1), "2 proxies"))
	must(t, s.MarkRolledBack(t.Context(), "a", t0.Add(time.Hour), "to the configuration"))
	want.Plan.AppliedAt, want.Plan.RolledBackAt = timestamppb.New(t0.Add(time.Minute)), timestamppb.New(t0.Add(time.Hour))
	want.Applied = policy(1)
	got, err = s.Get(t.Context(), "a")
	must(t, err)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("plan after both marks (-want +got):\n%s", diff)
	}
	if got.InForce() {
		t.Error("in force although rolled back")
	}
}

// ids of a list.
func ids(records []*Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, r.Plan.GetId())
	}
	return out
}

func TestListAndLatest(t *testing.T) {
	s := openStore(t)
	insert(t, s, record("a", edge("ratings", ""), 1), record("c", edge("ratings", ""), 3), record("b", edge("ratings", ""), 2),
		record("d", edge("ratings", "r1"), 4), record("e", edge("details", ""), 5), record("f", edge("details", ""), 5))
	for _, c := range []struct {
		edge *typesv1.EdgeRef
		want []string
	}{
		{nil, []string{"f", "e", "d", "c", "b", "a"}}, // of one time, the one stored last is the newest
		{edge("ratings", ""), []string{"c", "b", "a"}},
		{edge("ratings", "r1"), []string{"d"}},
		{edge("nobody", ""), nil},
	} {
		got, err := s.List(t.Context(), c.edge)
		must(t, err)
		if diff := cmp.Diff(c.want, ids(got)); diff != "" {
			t.Errorf("list of %v (-want +got):\n%s", c.edge, diff)
		}
	}
	latest, err := s.Latest(t.Context(), edge("ratings", ""))
	must(t, err)
	if latest.Plan.GetId() != "c" {
		t.Errorf("latest = %s, want c", latest.Plan.GetId())
	}
}

func TestListIsBounded(t *testing.T) {
	s := openStore(t)
	for i := range maxList + 3 {
		insert(t, s, record(string(rune('A'+i)), edge("ratings", ""), i))
	}
	got, err := s.List(t.Context(), nil)
	must(t, err)
	if len(got) != maxList {
		t.Errorf("%d plans, want %d", len(got), maxList)
	}
}

// TestInForce follows the plans of two edges through applications and
// rollbacks.
func TestInForce(t *testing.T) {
	s, ctx := openStore(t), t.Context()
	ratings, details := edge("ratings", ""), edge("details", "")
	insert(t, s, record("a", ratings, 1), record("b", ratings, 2), record("c", details, 3))
	at := func(second int) time.Time { return t0.Add(time.Duration(second) * time.Second) }
	check := func(when string, inForce, lastApplied string, change time.Time) {
		t.Helper()
		if got := idOf(t)(s.InForce(ctx, ratings)); got != inForce {
			t.Errorf("%s: in force on ratings = %q, want %q", when, got, inForce)
		}
		if got := idOf(t)(s.LastApplied(ctx)); got != lastApplied {
			t.Errorf("%s: applied last = %q, want %q", when, got, lastApplied)
		}
		if got, err := s.LastChange(ctx, ratings); err != nil || !got.Equal(change) {
			t.Errorf("%s: last change = %v, %v, want %v", when, got, err, change)
		}
	}
	check("at first", "", "", time.Time{})
	must(t, s.MarkApplied(ctx, "a", at(10), policy(1), ""))
	check("a applied", "a", "a", at(10))
	must(t, s.MarkApplied(ctx, "b", at(20), policy(1), ""))
	must(t, s.MarkApplied(ctx, "c", at(30), policy(1), ""))
	check("b and c applied", "b", "c", at(20))
	b, err := s.Get(ctx, "b")
	must(t, err)
	if got := idOf(t)(s.Before(ctx, b)); got != "a" {
		t.Errorf("before b = %q, want a", got)
	}
	must(t, s.MarkRolledBack(ctx, "b", at(40), ""))
	check("b rolled back", "a", "c", at(40))
	a, err := s.Get(ctx, "a")
	must(t, err)
	if got := idOf(t)(s.Before(ctx, a)); got != "" {
		t.Errorf("before a = %q, want none", got)
	}
}

// idOf returns the id of a record, "" for none.
func idOf(t *testing.T) func(*Record, error) string {
	return func(r *Record, err error) string {
		t.Helper()
		if errors.Is(err, ErrNotFound) {
			return ""
		}
		must(t, err)
		return r.Plan.GetId()
	}
}

func TestMarksRefuse(t *testing.T) {
	s, ctx := openStore(t), t.Context()
	insert(t, s, record("a", edge("ratings", ""), 1))
	if err := s.MarkRolledBack(ctx, "a", t0, ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("rolling back a plan that was never applied: %v", err)
	}
	if err := s.MarkApplied(ctx, "nope", t0, policy(1), ""); err == nil {
		t.Error("applying a plan that does not exist: no error")
	}
	must(t, s.MarkApplied(ctx, "a", t0, policy(1), ""))
	if err := s.MarkApplied(ctx, "a", t0.Add(1), policy(2), ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("applying twice: %v", err)
	}
	if err := s.Insert(ctx, record("a", edge("ratings", ""), 2)); err == nil {
		t.Error("storing an id twice: no error")
	}
	// What was refused left no line in the trail.
	events, err := s.Events(ctx, "a")
	must(t, err)
	if diff := cmp.Diff([]Event{{t0, "a", Applied, ""}}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEvents(t *testing.T) {
	s, ctx := openStore(t), t.Context()
	insert(t, s, record("a", edge("ratings", ""), 1), record("b", edge("ratings", ""), 2))
	want := []Event{
		{t0, "a", Applying, "default/reviews -> ratings"},
		{t0.Add(time.Second), "a", Refused, "no proxy"},
	}
	for _, e := range append(want, Event{t0, "b", Applying, ""}) {
		must(t, s.Log(ctx, e))
	}
	got, err := s.Events(ctx, "a")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for name, e := range map[string]Event{"unknown event": {t0, "a", "thought", ""}, "unknown plan": {t0, "zz", Applied, ""}} {
		if s.Log(ctx, e) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNotFoundAndClosed(t *testing.T) {
	s := openStore(t)
	if _, err := s.Get(t.Context(), "nope"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get: %v, want ErrNotFound", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "nope"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("Get with a cancelled context: %v, want the context's error", err)
	}
	if _, err := s.List(ctx, nil); err == nil {
		t.Error("List with a cancelled context: no error")
	}
}
