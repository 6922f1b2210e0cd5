package slo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/exclude"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/spec"
)

// sliced is a minute of six buckets, ten times: the third minute fails, the
// fourth has no traffic.
func sliced() []Count {
	buckets := repeat(60, Count{Good: 10, Total: 10})
	copy(buckets[12:18], repeat(6, Count{Good: 0, Total: 10}))
	copy(buckets[18:24], repeat(6, Count{}))
	return buckets
}

func count(t *testing.T, e *Evaluator, s *SLO, at time.Duration, lengths ...time.Duration) []Count {
	t.Helper()
	got, err := e.Counts(t.Context(), s, t0.Add(at), lengths)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCountsBySlices(t *testing.T) {
	s := &SLO{
		Name: "x", Service: "x", Objective: 0.9, Period: 10 * m, Slice: m, Indicator: Indicator{Service: "a"},
		Slicing: budget.Slicing{Method: budget.Timeslices, Target: 0.5},
	}
	e := NewReplay(t0, map[string][]Count{"a": sliced()}, []Window{span(8*m, 9*m)}).Evaluator(s)
	for _, tc := range []struct {
		name string
		s    budget.Slicing
		want []Count
	}{
		{"slices; one was not seen", budget.Slicing{Method: budget.Timeslices, Target: 0.5}, []Count{{Good: 8, Total: 9}, {Good: 1, Total: 1}}},
		{"quiet ones skipped", budget.Slicing{Method: budget.Timeslices, Target: 0.5, Quiet: budget.QuietSkip}, []Count{{Good: 7, Total: 8}, {Good: 1, Total: 1}}},
		{"ratios", budget.Slicing{Method: budget.RatioTimeslices}, []Count{{Good: 8 * budget.Scale, Total: 9 * budget.Scale}, {Good: budget.Scale, Total: budget.Scale}}},
	} {
		s.Slicing = tc.s
		if diff := cmp.Diff(tc.want, count(t, e, s, 10*m, 2*m)); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
	s.Slicing = budget.Slicing{Method: budget.Timeslices, Target: 0.5}
	e.Exclude([]exclude.Exclusion{{Start: t0.Add(2 * m), Duration: 30 * time.Second}})
	if diff := cmp.Diff([]Count{{Good: 8, Total: 8}}, count(t, e, s, 10*m)); diff != "" {
		t.Errorf("with the bad minute excluded: %s", diff)
	}
}

// TestExclusionsChangeThePast: added, the failures are gone; removed, they are
// back.
func TestExclusionsChangeThePast(t *testing.T) {
	s := &SLO{Name: "x", Service: "x", Objective: 0.9, Period: 10 * m, Indicator: Indicator{Service: "a"}}
	e := NewReplay(t0, map[string][]Count{"a": sliced()}, nil).Evaluator(s)
	with := []Count{{Good: 480, Total: 540}}
	without := []Count{{Good: 480, Total: 480}}
	for _, step := range []struct {
		list []exclude.Exclusion
		want []Count
	}{
		{nil, with},
		{[]exclude.Exclusion{{Start: t0.Add(2 * m), Duration: m}}, without},
		{[]exclude.Exclusion{{Start: t0.Add(2 * m), Duration: m, Services: []string{"other"}}}, with},
		{nil, with},
	} {
		e.Exclude(step.list)
		if diff := cmp.Diff(step.want, count(t, e, s, 10*m)); diff != "" {
			t.Errorf("%v: %s", step.list, diff)
		}
	}
}

func TestCountsOfComposites(t *testing.T) {
	s := &SLO{Name: "x", Service: "x", Period: 10 * m, Parts: []spec.Part{
		{Name: "a", Indicator: Indicator{Service: "a"}, Objective: 0.9, Weight: 1},
		{Name: "b", Indicator: Indicator{Service: "b"}, Objective: 0.99, Weight: 2},
	}}
	traffic := map[string][]Count{"a": sliced(), "b": repeat(60, Count{Good: 99, Total: 100})}
	e := NewReplay(t0, traffic, nil).Evaluator(s)
	rate, _ := count(t, e, s, 10*m)[0].BurnRate(s.Beta())
	near(t, "sum of burn rates", rate, 60.0/540/0.1+2*1, 1e-4)

	s.Slice, s.Slicing = m, budget.Slicing{Method: budget.Timeslices, Target: 0.995}
	if got := count(t, e, s, 10*m)[0]; got != (Count{Good: 0, Total: 10}) {
		t.Errorf("a slice is bad if any part is: %v", got)
	}
	s.Slicing = budget.Slicing{Method: budget.RatioTimeslices}
	rate, _ = count(t, e, s, 10*m)[0].BurnRate(s.Beta())
	near(t, "sum of burn rates of ratios", rate, 1+2*1, 1e-4)
}

// TestGateHolds: a row over its factor on one failure does not fire, and says
// why.
func TestGateHolds(t *testing.T) {
	slo := demo()
	slo.Gate.MinFailures = 3
	e := evaluatorOf(script{start: t0, buckets: []Count{{Good: 1, Total: 1}, {Good: 0, Total: 1}}}, slo)
	st := status(t, e, t0.Add(20*s))
	if r := st.Rows[0]; r.Firing || r.Held == "" {
		t.Errorf("row = %+v", r)
	}
	slo.Gate.MinFailures = 0
	if st := status(t, e, t0.Add(20*s)); !st.Rows[0].Firing || st.Rows[0].Held != "" {
		t.Errorf("without a gate: %+v", st.Rows[0])
	}
}

// TestAlarm walks through a burn, a gap and a calm.
func TestAlarm(t *testing.T) {
	row := func(what string) []RowStatus {
		r := RowStatus{Row: Row{Severity: Page, Long: 20 * s, Short: 10 * s, Factor: 1}}
		switch what {
		case "fires":
			r.Firing = true
		case "calm":
			r.Calm = true
		case "blind":
			r.NoData = "nobody looked"
		}
		return []RowStatus{r}
	}
	var a Alarm
	for i, step := range []struct {
		what   string
		firing bool
	}{
		{"calm", false}, {"hot", false}, {"fires", true}, {"hot", true}, {"calm", true}, {"blind", true}, {"calm", true}, {"calm", false}, {"blind", false},
	} {
		a.Step(row(step.what), Page, t0.Add(time.Duration(i)*10*s))
		if a.Firing != step.firing {
			t.Errorf("step %d, %s: firing %v", i, step.what, a.Firing)
		}
	}
	if !a.Fired || !a.NoData {
		t.Errorf("alarm = %+v", a)
	}
	var other Alarm
	other.Step(row("fires"), Ticket, t0)
	if other.Firing {
		t.Error("a ticket fires for a page")
	}
}
