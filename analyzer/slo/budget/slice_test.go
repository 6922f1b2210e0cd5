package budget

import (
	"math/rand/v2"
	"testing"
)

func TestSlice(t *testing.T) {
	const unit = Scale
	for _, tc := range []struct {
		name string
		s    Slicing
		in   Count
		want Count
	}{
		{"occurrences are themselves", Slicing{Method: Occurrences}, Count{7, 9}, Count{7, 9}},
		{"and nothing is nothing", Slicing{Method: Occurrences, Quiet: QuietBad}, Count{}, Count{}},
		{"good at the target", Slicing{Method: Timeslices, Target: 0.95}, Count{95, 100}, Count{1, 1}},
		{"bad below it", Slicing{Method: Timeslices, Target: 0.95}, Count{94, 100}, Count{0, 1}},
		{"a target that is no binary fraction", Slicing{Method: Timeslices, Target: 0.1}, Count{1, 10}, Count{1, 1}},
		{"a target of all", Slicing{Method: Timeslices, Target: 1}, Count{999_999_999, 1_000_000_000}, Count{0, 1}},
		{"quiet is good by default", Slicing{Method: Timeslices, Target: 0.95}, Count{}, Count{1, 1}},
		{"quiet is bad for freshness", Slicing{Method: Timeslices, Target: 0.95, Quiet: QuietBad}, Count{}, Count{0, 1}},
		{"quiet does not count", Slicing{Method: Timeslices, Target: 0.95, Quiet: QuietSkip}, Count{}, Count{}},
		{"a ratio", Slicing{Method: RatioTimeslices}, Count{1, 3}, Count{333_333_333, unit}},
		{"of a busy slice, without overflow", Slicing{Method: RatioTimeslices}, Count{1 << 62, 1 << 63}, Count{500_000_000, unit}},
		{"all good", Slicing{Method: RatioTimeslices}, Count{5, 5}, Count{unit, unit}},
		{"quiet", Slicing{Method: RatioTimeslices}, Count{}, Count{unit, unit}},
		{"quiet and bad", Slicing{Method: RatioTimeslices, Quiet: QuietBad}, Count{}, Count{0, unit}},
		{"quiet and skipped", Slicing{Method: RatioTimeslices, Quiet: QuietSkip}, Count{}, Count{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.s.Slice(tc.in); got != tc.want {
				t.Errorf("slice of %v = %v, want %v", tc.in, got, tc.want)
			}
		})
	}
}

// TestOfficialFigures has what OpenSLO's README says of its methods.
func TestOfficialFigures(t *testing.T) {
	// 95 % over two weeks of minutes: 20160 slices, of which 1008 may be bad,
	// which is 16 h 48 m.
	slices := Count{20160, 20160}
	near(t, "bad slices allowed", slices.Allowed(Beta(0.95)), 1008, 1e-9)
	// 99.95 % over a week of minutes: 5 m 2.4 s.
	near(t, "minutes allowed", 10080*Beta(0.9995), 5.04, 1e-9)
	// 99 % as baseline, an attack at 1 %: the budget of 95 % over two weeks is
	// gone after about 13 h 45 m; exactly 822.9 minutes.
	s := Slicing{Method: RatioTimeslices}
	base, attack := s.Slice(Count{99, 100}), s.Slice(Count{1, 100})
	var sum Count
	for i := range 20160 {
		if i < 823 {
			sum = sum.Add(attack)
		} else {
			sum = sum.Add(base)
		}
	}
	left, _ := sum.Remaining(Beta(0.95))
	near(t, "left after 823 minutes", left, 0, 1e-3)
	if left > 0 {
		t.Errorf("after 823 minutes %v is left", left)
	}
	near(t, "left after 822", left+float64(attack.Bad()-base.Bad())/Scale/1008, 0.0009, 2e-4)
}

// TestTimeslicesEqualOccurrences: with one event in each slice the three
// methods give the same figures, whatever the target of a slice.
func TestTimeslicesEqualOccurrences(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		events := make([]Count, 1+r.IntN(200))
		for i := range events {
			events[i] = Count{r.Uint64N(2), 1}
		}
		beta := float64(1+r.UintN(999)) / 1000
		want, _ := Sum(events...).Remaining(beta)
		target := 1 - r.Float64()
		for _, s := range []Slicing{{Method: Occurrences}, {Method: Timeslices, Target: target}, {Method: RatioTimeslices}} {
			got, ok := s.Slices(events, 1).Remaining(beta)
			if !ok || got != want {
				t.Fatalf("%s at a target of %v: %v is left, by occurrences %v", s.Method, target, got, want)
			}
		}
	}
}

// TestOrderDoesNotMatter: shards may arrive in any order and merge in any
// grouping, for every method; a sum is the same to the last bit.
func TestOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		// Shards of the same buckets, one per caller.
		buckets := 1 + r.IntN(40)
		shards := make([][]Count, 1+r.IntN(6))
		for i := range shards {
			shards[i] = make([]Count, buckets)
			for j := range shards[i] {
				total := r.Uint64N(1000)
				shards[i][j] = Count{r.Uint64N(total + 1), total}
			}
		}
		s := Slicing{
			Method: []Method{Occurrences, Timeslices, RatioTimeslices}[r.IntN(3)], Target: r.Float64(),
			Quiet: []Quiet{QuietGood, QuietBad, QuietSkip}[r.IntN(3)],
		}
		want := s.Slices(merge(shards), 1)
		r.Shuffle(len(shards), func(i, j int) { shards[i], shards[j] = shards[j], shards[i] })
		cut := r.IntN(len(shards) + 1)
		regrouped := merge([][]Count{merge(shards[:cut]), merge(shards[cut:])})
		if got := s.Slices(regrouped, 1); got != want {
			t.Fatalf("%+v: in another order %v, before %v", s, got, want)
		}
		perm := r.Perm(len(regrouped))
		var sum Count
		for _, i := range perm {
			sum = sum.Add(s.Slice(regrouped[i]))
		}
		if sum != want {
			t.Fatalf("%+v: slices in another order %v, before %v", s, sum, want)
		}
	}
}

func merge(shards [][]Count) []Count {
	var sum []Count
	for _, shard := range shards {
		for i, c := range shard {
			if i == len(sum) {
				sum = append(sum, Count{})
			}
			sum[i] = sum[i].Add(c)
		}
	}
	return sum
}

func TestSlicesOfSeveralBuckets(t *testing.T) {
	s := Slicing{Method: Timeslices, Target: 0.5}
	buckets := []Count{{1, 1}, {0, 1}, {0, 3}, {1, 1}, {0, 9}}
	if got, want := s.Slices(buckets, 2), (Count{1, 2}); got != want {
		t.Errorf("slices of two buckets: %v, want %v; the fifth fills none", got, want)
	}
	if got := s.Slices(buckets, 0); got != (Count{}) {
		t.Errorf("slices of no buckets: %v", got)
	}
}

func TestBeta(t *testing.T) {
	for target, want := range map[float64]float64{0.9: 0.1, 0.99: 0.01, 0.999: 0.001, 0.9999: 0.0001, 0.995: 0.005, 0.123456789: 0.876543211} {
		if got := Beta(target); got != want {
			t.Errorf("Beta(%v) = %v, want %v", target, got, want)
		}
	}
}
