package sequential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestMixtureIsAMartingale sums M over all outcomes of the next event, weighted
// by their probability: the expectation of M after it is M before it.
func TestMixtureIsAMartingale(t *testing.T) {
	for _, p := range []float64{0.001, 0.02, 0.5, 0.97} {
		for _, a := range []Arm{{0, 0}, {0, 1}, {1, 1}, {3, 10}, {0, 5000}, {40, 5000}, {5000, 5000}} {
			before := mixtureOf(a).at(p)
			bad := math.Exp(mixtureOf(Arm{a.Bad + 1, a.Total + 1}).at(p) - before)
			good := math.Exp(mixtureOf(Arm{a.Bad, a.Total + 1}).at(p) - before)
			if mean := p*bad + (1-p)*good; math.Abs(mean-1) > 1e-8 {
				t.Errorf("p %v, %v: M grows by %v in the mean, want 1", p, a, mean)
			}
		}
	}
}

// TestMixtureBySums compares M with the sum over a fine grid of the weight that
// it mixes with, for counts at which that is exact enough.
func TestMixtureBySums(t *testing.T) {
	for _, a := range []Arm{{2, 7}, {5, 5}, {0, 9}, {30, 200}} {
		const p, n = 0.3, 200_000
		var sum float64
		for i := range n {
			// q = sin²θ turns the weight q^-½ (1−q)^-½ ÷ π into a uniform one.
			q := math.Pow(math.Sin(math.Pi/2*(float64(i)+0.5)/n), 2)
			sum += math.Exp(xlogy(float64(a.Bad), q) + xlogy(float64(a.Total-a.Bad), 1-q))
		}
		want := math.Log(sum/n) - xlogy(float64(a.Bad), p) - xlogy(float64(a.Total-a.Bad), 1-p)
		if got := mixtureOf(a).at(p); math.Abs(got-want) > 1e-6 {
			t.Errorf("%v: ln M = %v, want %v", a, got, want)
		}
	}
}

func TestStartsAtNothing(t *testing.T) {
	c := Compare(Arm{}, Arm{})
	if e := c.Evidence(0.3); math.Abs(e) > 1e-12 {
		t.Errorf("evidence without events: %v, want 0", e)
	}
	if lo, hi := c.Lower(0.05), c.Upper(0.05); lo != -1 || hi != 1 {
		t.Errorf("interval without events: [%v, %v], want [-1, 1]", lo, hi)
	}
}

// TestEvidenceIsTheLeast compares the search with a scan of a fine grid.
func TestEvidenceIsTheLeast(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		canary, baseline := randomArm(rng), randomArm(rng)
		c := Compare(canary, baseline)
		d := 2*rng.Float64() - 1
		scan := math.Inf(1)
		lo, hi := max(0, -d), min(1, 1-d)
		for i := range 20_001 {
			q := lo + (hi-lo)*float64(i)/20_000
			scan = min(scan, c.canary.at(min(max(q+d, 0), 1))+c.baseline.at(q))
		}
		got := c.Evidence(d)
		if got > scan+1e-9 || scan-got > 0.05*max(1, math.Abs(scan)) {
			t.Errorf("%v %v d %v: evidence %v, a scan finds %v", canary, baseline, d, got, scan)
		}
	}
}

func randomArm(rng *rand.Rand) Arm {
	total := uint64(rng.IntN(400))
	return Arm{Bad: uint64(rng.Float64() * rng.Float64() * float64(total)), Total: total}
}

// TestIntervalProperties holds intervals to what follows from their definition.
func TestIntervalProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 300 {
		canary, baseline := randomArm(rng), randomArm(rng)
		c := Compare(canary, baseline)
		name := fmt.Sprint(canary, baseline)
		lo, hi := c.Lower(0.05), c.Upper(0.05)
		if !(lo <= c.Estimate() && c.Estimate() <= hi && -1 <= lo && hi <= 1) {
			t.Errorf("%s: estimate %v is not within [%v, %v]", name, c.Estimate(), lo, hi)
		}
		if strictLo, strictHi := c.Lower(0.01), c.Upper(0.01); strictLo > lo+1e-9 || strictHi < hi-1e-9 {
			t.Errorf("%s: 99 %% interval [%v, %v] does not hold the 95 %% one [%v, %v]", name, strictLo, strictHi, lo, hi)
		}
		swapped := Compare(baseline, canary)
		if math.Abs(swapped.Upper(0.05)+lo) > 1e-6 || math.Abs(swapped.Lower(0.05)+hi) > 1e-6 {
			t.Errorf("%s: the other way round it is [%v, %v], want [%v, %v]", name, swapped.Lower(0.05), swapped.Upper(0.05), -hi, -lo)
		}
		flip := func(a Arm) Arm { return Arm{a.Total - a.Bad, a.Total} }
		flipped := Compare(flip(canary), flip(baseline))
		if canary.Total > 0 && baseline.Total > 0 && math.Abs(flipped.Upper(0.05)+lo) > 1e-6 {
			t.Errorf("%s: of good ones the upper bound is %v, want %v", name, flipped.Upper(0.05), -lo)
		}
	}
}

// TestMoreEventsNarrowTheInterval doubles both arms at the same shares.
func TestMoreEventsNarrowTheInterval(t *testing.T) {
	width := 2.0
	for n := uint64(100); n < 1e8; n *= 4 {
		c := Compare(Arm{n / 50, n}, Arm{n / 100, n})
		now := c.Upper(0.05) - c.Lower(0.05)
		if now >= width {
			t.Errorf("%d events: width %v, with fewer it was %v", n, now, width)
		}
		width = now
	}
	if width > 0.0005 {
		t.Errorf("width after 100 million events %v", width)
	}
}

// TestBlocksAreEVariables sums the likelihood ratio of a block over all its
// outcomes, weighted by their probability under points of the null hypothesis: at
// most 1, and 1 at the closest point.
func TestBlocksAreEVariables(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 150 {
		guess := shares{0.001 + 0.998*rng.Float64(), 0.001 + 0.998*rng.Float64()}
		margin := rng.Float64() * 0.5
		nc, nb := uint64(1+rng.IntN(6)), uint64(1+rng.IntN(6))
		worse := guess.canary-guess.baseline > margin
		closest := guess.project(margin, float64(nc), float64(nb))
		if mean := meanRatio(guess, closest, margin, nc, nb); math.Abs(mean-1) > 1e-6 {
			t.Errorf("guess %v, margin %v: mean %v at the closest point %v, want 1", guess, margin, mean, closest)
		}
		for range 40 {
			null := shares{rng.Float64(), rng.Float64()}
			if (null.canary-null.baseline > margin) == worse {
				continue // the other hypothesis
			}
			if mean := meanRatio(guess, null, margin, nc, nb); mean > 1+1e-6 {
				t.Errorf("guess %v, margin %v, %d and %d events: mean %v at %v, want at most 1", guess, margin, nc, nb, mean, null)
			}
		}
	}
}

func meanRatio(guess, truth shares, margin float64, nc, nb uint64) float64 {
	var mean float64
	for i := range nc + 1 {
		for j := range nb + 1 {
			b := Block{Arm{i, nc}, Arm{j, nb}}
			mean += binomial(b.Canary, truth.canary) * binomial(b.Baseline, truth.baseline) * math.Exp(guess.against(margin, b))
		}
	}
	return mean
}

func binomial(a Arm, p float64) float64 {
	ways := -logBeta(float64(a.Bad)+1, float64(a.Total-a.Bad)+1) - math.Log(float64(a.Total)+1)
	return math.Exp(ways + xlogy(float64(a.Bad), p) + xlogy(float64(a.Total-a.Bad), 1-p))
}

// TestProjectionIsTheClosest compares the bisection with a scan.
func TestProjectionIsTheClosest(t *testing.T) {
	kl := func(p, q float64) float64 { return xlogy(p, p/q) + xlogy(1-p, (1-p)/(1-q)) }
	rng := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		s := shares{0.001 + 0.998*rng.Float64(), 0.001 + 0.998*rng.Float64()}
		d, nc, nb := rng.Float64()*0.9, 1+99*rng.Float64(), 1+99*rng.Float64()
		distance := func(q float64) float64 { return nc*kl(s.canary, q+d) + nb*kl(s.baseline, q) }
		got := s.project(d, nc, nb)
		for i := 1; i < 1000; i++ {
			if q := (1 - d) * float64(i) / 1000; distance(q) < distance(got.baseline)-1e-9 {
				t.Errorf("%v, difference %v: %v is closer than %v", s, d, q, got)
				break
			}
		}
	}
}

// TestDecisionStays: what was decided is kept, whatever comes after.
func TestDecisionStays(t *testing.T) {
	test := NewTest(Rule{Margin: 0.01, AlphaWorse: 0.05, AlphaNotWorse: 0.05})
	for range 20 {
		test.Add(Block{Arm{10, 20}, Arm{0, 20}})
	}
	if test.Decision() != Worse {
		t.Fatalf("half of the canary's events are bad: decision %v", test.Decision())
	}
	for range 1000 {
		test.Add(Block{Arm{0, 1000}, Arm{0, 1000}})
	}
	if test.Decision() != Worse {
		t.Errorf("decision %v after good blocks, want it to stay", test.Decision())
	}
	canary, baseline := test.Counts()
	if canary != (Arm{200, 1_000_400}) || baseline != (Arm{0, 1_000_400}) {
		t.Errorf("counts %v %v", canary, baseline)
	}
}

// TestOneSidedBlocksDecideNothing: without events of both there is nothing to
// compare.
func TestOneSidedBlocksDecideNothing(t *testing.T) {
	test := NewTest(Rule{Margin: 0.01, AlphaWorse: 0.05, AlphaNotWorse: 0.05})
	for range 100 {
		test.Add(Block{Canary: Arm{500, 1000}})
		test.Add(Block{Baseline: Arm{0, 1000}})
		test.Add(Block{})
	}
	if worse, notWorse := test.Evidence(); test.Decision() != Undecided || worse != 0 || notWorse != 0 {
		t.Errorf("decision %v, evidence %v and %v", test.Decision(), worse, notWorse)
	}
}

// TestImpossibleCounts: more bad events than events, or a difference beyond 1,
// gives no panic and no decision by accident.
func TestImpossibleCounts(t *testing.T) {
	c := Compare(Arm{5, 3}, Arm{0, 0})
	if e := c.Evidence(1.5); !math.IsInf(e, 1) {
		t.Errorf("evidence against a difference of 1.5: %v, want +Inf", e)
	}
	if lo := c.Lower(0.05); math.IsNaN(lo) {
		t.Error("lower bound is NaN")
	}
	if (Arm{}).Share() != 0 {
		t.Error("share without events is not 0")
	}
}
