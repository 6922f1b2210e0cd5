package diff

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/record"
)

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6+1e-4*want {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

// TestFisher compares with values worked out by hand from the hypergeometric
// law. The lady tasting tea (Fisher, 1935): 3 of 4 right has p = 34/70.
func TestFisher(t *testing.T) {
	near(t, "the lady tasting tea", fisher(3, 4, 1, 4), 34.0/70)
	near(t, "all right", fisher(4, 4, 0, 4), 2.0/70)
	near(t, "no difference", fisher(2, 4, 2, 4), 1)
	near(t, "one of three and none of one", fisher(1, 3, 0, 1), 1)
}

func TestProportions(t *testing.T) {
	near(t, "no events", proportions(0, 10, 0, 20), 1)
	near(t, "nothing but events", proportions(10, 10, 20, 20), 1)
	near(t, "an empty window", proportions(0, 0, 3, 20), 1)
	// z = 0.01 ÷ √(0.015·0.985·0.0002) = 5.81711; erfc(z/√2) = 5.99e-9
	if p := proportions(100, 10_000, 200, 10_000); p < 5.8e-9 || p > 6.2e-9 {
		t.Errorf("1 %% and 2 %% of 10,000: p = %v", p)
	}
	// Rare events of a large window stay exact: 3 of 10⁶ against 0 of 10⁶.
	near(t, "three rare events", proportions(3, 1_000_000, 0, 1_000_000), 0.25)
}

// TestProportionsAgree: at the border both tests say about the same.
func TestProportionsAgree(t *testing.T) {
	exact := fisher(400, 2_000, 460, 2_000)
	normal := proportions(400, 2_000, 460, 2_000)
	if exact == normal || math.Abs(exact-normal) > 0.005 {
		t.Errorf("exact %v, normal %v", exact, normal)
	}
}

func TestCounts(t *testing.T) {
	near(t, "as expected", counts(5, 5, 0.5), 1)
	near(t, "none of four", counts(4, 0, 0.5), 2.0/16)
	near(t, "a window three times as long", counts(10, 30, 0.75), 1)
	if p := counts(1_000, 1_400, 0.5); p > 1e-10 {
		t.Errorf("1,000 and 1,400: p = %v", p)
	}
}

// TestSymmetry: which window comes first does not matter.
func TestSymmetry(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 7))
	for range 500 {
		n, m := 1+rng.Uint64N(3_000), 1+rng.Uint64N(3_000)
		x, y := rng.Uint64N(n+1), rng.Uint64N(m+1)
		a, b := proportions(x, n, y, m), proportions(y, m, x, n)
		if math.Abs(a-b) > 1e-9 || a < 0 || a > 1 {
			t.Fatalf("%d/%d and %d/%d: %v, swapped %v", x, n, y, m, a, b)
		}
	}
}

// TestCorrect uses the 15 p values of Benjamini & Hochberg (1995), section 3.1,
// of which their procedure rejects four at 0.05.
func TestCorrect(t *testing.T) {
	ps := []float64{
		0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1,
	}
	rejected := 0
	qs := Correct(ps)
	for _, q := range qs {
		if q <= 0.05 {
			rejected++
		}
	}
	if rejected != 4 {
		t.Errorf("%d are rejected, want 4: %v", rejected, qs)
	}
	if !slices.IsSorted(qs) {
		t.Errorf("adjusted values are not in the order of the p values: %v", qs)
	}
	if len(Correct(nil)) != 0 {
		t.Error("nothing corrected is something")
	}
}

func edge(route string, requests, failures uint64, us uint32) Counts {
	return Counts{
		Key: Key{"a", "b", route}, Unit: "requests", Requests: requests, Failures: failures,
		Latency: map[record.Bin]uint64{record.BinOf(us): requests},
	}
}

func TestCompare(t *testing.T) {
	attempts := edge("unlike", 100, 0, 10)
	attempts.Unit = "attempts"
	got := Compare(
		Window{time.Minute, []Counts{
			edge("same", 6_000, 30, 25_000), edge("errors", 6_000, 30, 25_000), edge("slow", 6_000, 0, 25_000),
			edge("rate", 6_000, 0, 25_000), edge("gone", 5, 0, 10), edge("unlike", 100, 0, 10), edge("few", 3, 0, 10),
		}},
		Window{2 * time.Minute, []Counts{
			edge("same", 12_100, 65, 25_000), edge("errors", 12_000, 240, 25_000), edge("slow", 12_000, 0, 31_000),
			edge("rate", 6_000, 0, 25_000), edge("new", 5, 0, 10), attempts, edge("few", 6, 1, 10), edge("empty", 0, 0, 10),
		}},
	)
	kinds := map[string]Kind{}
	for _, c := range got {
		kinds[c.Route] = c.Kind
	}
	want := map[string]Kind{
		"same": Same, "errors": Changed, "slow": Changed, "rate": Changed, "gone": Gone, "new": New, "unlike": Unlike, "few": Same,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	for _, c := range got {
		for _, test := range c.Tests {
			if test.Significant != (test.Figure == c.Route) {
				t.Errorf("%s of the edge %s: %+v", test.Figure, c.Route, test)
			}
			if test.Figure == "slow" && c.Route == "slow" && (test.ThresholdUs != 25_000 || test.Before != 0 || test.After != 1) {
				t.Errorf("slow: %+v, want none and all above 25 ms", test)
			}
		}
	}
}

// TestOrderDoesNotMatter shuffles edges and cuts them in parts.
func TestOrderDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	random := func() (out []Counts) {
		for range rng.IntN(20) {
			n := rng.Uint64N(400)
			out = append(out, edge(string(rune('a'+rng.IntN(5))), n, rng.Uint64N(n+1), uint32(rng.IntN(300))))
		}
		return out
	}
	for range 100 {
		a, b := random(), random()
		want := Compare(Window{time.Minute, a}, Window{time.Minute, b})
		rng.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
		rng.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
		if diff := cmp.Diff(want, Compare(Window{time.Minute, a}, Window{time.Minute, b})); diff != "" {
			t.Fatalf("the order of edges matters:\n%s", diff)
		}
	}
}

// TestFalseAlarms compares windows that differ by chance alone, 200 edges at a
// time: hardly ever is one reported.
func TestFalseAlarms(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	draw := func() Window {
		w := Window{Length: time.Minute}
		for i := range 200 {
			e := Counts{Key: Key{"a", "b", string(rune('a' + i))}, Unit: "requests", Latency: map[record.Bin]uint64{}}
			for range 300 {
				e.Requests++
				if rng.Float64() < 0.02 {
					e.Failures++
				}
				e.Latency[record.BinOf(uint32(1_000*rng.ExpFloat64()))]++
			}
			w.Edges = append(w.Edges, e)
		}
		return w
	}
	alarms := 0
	for range 20 {
		for _, c := range Compare(draw(), draw()) {
			if c.Kind == Changed {
				alarms++
			}
		}
	}
	// With level 0.01 a round without real changes has an alarm with
	// probability 0.01; three of twenty rounds would be one in a thousand.
	if alarms > 2 {
		t.Errorf("%d false alarms in 20 rounds of 200 edges", alarms)
	}
}
