package load

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

func seconds(v float64) yamlfile.Duration { return yamlfile.Duration(v * float64(time.Second)) }

func stream(rps, from, until float64) scenario.Load {
	return scenario.Load{RPS: rps, From: seconds(from), Until: seconds(until)}
}

func TestPlanIsSeeded(t *testing.T) {
	s := &scenario.Scenario{Seed: 7, Load: []scenario.Load{stream(50, 0, 10)}}
	a, b := Plan(s), Plan(s)
	if !slices.Equal(a, b) {
		t.Error("the same seed gave other arrivals")
	}
	s.Seed = 8
	if slices.Equal(a, Plan(s)) {
		t.Error("another seed gave the same arrivals")
	}
}

// TestPlanStreamsAreIndependent: adding a load leaves the arrivals of the
// others as they were.
func TestPlanStreamsAreIndependent(t *testing.T) {
	one := &scenario.Scenario{Seed: 7, Load: []scenario.Load{stream(50, 0, 10)}}
	two := &scenario.Scenario{Seed: 7, Load: []scenario.Load{stream(50, 0, 10), stream(20, 2, 8)}}
	var first []Arrival
	for _, a := range Plan(two) {
		if a.Target == 0 {
			first = append(first, a)
		}
	}
	if !slices.Equal(Plan(one), first) {
		t.Error("the second load changed the first")
	}
}

// TestPlanIsPoisson: the rate is met within four standard deviations, and gaps
// have mean and standard deviation of the exponential distribution.
func TestPlanIsPoisson(t *testing.T) {
	const rps, span = 100.0, 300.0
	all := Plan(&scenario.Scenario{Seed: 3, Load: []scenario.Load{stream(rps, 0, span)}})
	n := float64(len(all))
	if math.Abs(n-rps*span) > 4*math.Sqrt(rps*span) {
		t.Errorf("%v arrivals, want about %v", n, rps*span)
	}
	sum, squares := 0.0, 0.0
	for i := 1; i < len(all); i++ {
		g := (all[i].At - all[i-1].At).Seconds()
		sum += g
		squares += g * g
	}
	mean := sum / (n - 1)
	sd := math.Sqrt(squares/(n-1) - mean*mean)
	if cv := sd / mean; math.Abs(cv-1) > 0.03 {
		t.Errorf("gaps vary by %.3f of their mean, want 1", cv)
	}
}

func TestPlanBounds(t *testing.T) {
	s := &scenario.Scenario{
		Seed: 1,
		Load: []scenario.Load{stream(200, 2, 9), stream(100, 0, 10)},
		Phases: []scenario.Phase{
			{Name: "a", Until: seconds(5), Drain: seconds(1)},
			{Name: "b", From: seconds(5), Until: seconds(10)},
		},
	}
	all := Plan(s)
	if len(all) < 1000 {
		t.Fatalf("only %d arrivals", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b Arrival) int { return int(a.At - b.At) }) {
		t.Error("arrivals are not in order of time")
	}
	for _, a := range all {
		l := s.Load[a.Target]
		if a.At < l.From.D() || a.At >= l.Until.D() {
			t.Errorf("load %d arrives at %v, outside of %v to %v", a.Target, a.At, l.From, l.Until)
		}
		if a.At >= 5*time.Second && a.At < 6*time.Second {
			t.Errorf("an arrival at %v, in the drain", a.At)
		}
	}
}

// TestPlanDrainOnlyRemoves: the arrivals outside of drains are those of a plan
// without drains.
func TestPlanDrainOnlyRemoves(t *testing.T) {
	with := &scenario.Scenario{Seed: 1, Load: []scenario.Load{stream(100, 0, 10)}, Phases: []scenario.Phase{{Name: "a", Until: seconds(5), Drain: seconds(1)}}}
	without := &scenario.Scenario{Seed: 1, Load: with.Load}
	kept := slices.DeleteFunc(Plan(without), func(a Arrival) bool { return a.At >= 5*time.Second && a.At < 6*time.Second })
	if !slices.Equal(kept, Plan(with)) {
		t.Error("a drain moved arrivals")
	}
}
