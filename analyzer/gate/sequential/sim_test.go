package sequential

import (
	"math/rand/v2"
	"testing"
)

// run lets blocks of 10 events come one after the other, a share of them to the
// canary, and looks at the decision after each. drift moves both shares up and
// down together.
func run(rng *rand.Rand, r Rule, canary, baseline, weight, drift float64, events int) Decision {
	test := NewTest(r)
	for block := range events / 10 {
		var b Block
		common := drift * float64(block%40) / 40
		for range 10 {
			arm, p := &b.Baseline, baseline+common
			if rng.Float64() < weight {
				arm, p = &b.Canary, canary+common
			}
			arm.Total++
			if rng.Float64() < p {
				arm.Bad++
			}
		}
		if test.Add(b); test.Decision() != Undecided {
			break
		}
	}
	return test.Decision()
}

func simulate(t *testing.T, r Rule, canary, baseline, weight, drift float64, events, seeds int) map[Decision]float64 {
	t.Helper()
	shares := map[Decision]float64{}
	for seed := range seeds {
		d := run(rand.New(rand.NewPCG(uint64(seed), 42)), r, canary, baseline, weight, drift, events)
		shares[d] += 1 / float64(seeds)
	}
	t.Logf("canary %.3f, baseline %.3f, weight %.2f: worse %.4f, not worse %.4f, undecided %.4f of %d runs",
		canary, baseline, weight, shares[Worse], shares[NotWorse], shares[Undecided], seeds)
	return shares
}

var rule = Rule{Margin: 0.01, AlphaWorse: 0.05, AlphaNotWorse: 0.05}

// TestFalseAlarms looks after each block whether a canary whose true difference
// is exactly the margin, the hardest case of both errors, is ever called worse
// or not worse. Each may happen in at most α of all runs, also while the shares of
// both versions drift. The seeds are fixed, and so is the outcome.
func TestFalseAlarms(t *testing.T) {
	for _, c := range []struct{ baseline, weight, margin, drift float64 }{
		{0, 0.5, 0.01, 0},
		{0.002, 0.5, 0.01, 0},
		{0.05, 0.1, 0.05, 0},
		{0.3, 0.5, 0.05, 0},
		{0.02, 0.3, 0.05, 0.4},
	} {
		r := Rule{Margin: c.margin, AlphaWorse: rule.AlphaWorse, AlphaNotWorse: rule.AlphaNotWorse}
		got := simulate(t, r, c.baseline+c.margin, c.baseline, c.weight, c.drift, 6000, 2000)
		if got[Worse] > r.AlphaWorse || got[NotWorse] > r.AlphaNotWorse {
			t.Errorf("%+v: called worse in %v of the runs and not worse in %v, want at most %v", c, got[Worse], got[NotWorse], r.AlphaWorse)
		}
	}
}

// TestEqualVersionsAreNeverWorse: an A/A comparison.
func TestEqualVersionsAreNeverWorse(t *testing.T) {
	for _, share := range []float64{0.001, 0.02, 0.2} {
		if got := simulate(t, rule, share, share, 0.5, 0, 6000, 500); got[Worse] > rule.AlphaWorse {
			t.Errorf("equal shares of %v: called worse in %v of the runs", share, got[Worse])
		}
	}
}

// TestPeekingBreaksAFixedTest shows that the simulation can find a test that
// does not hold: the usual two-sample z-test, looked at as often.
func TestPeekingBreaksAFixedTest(t *testing.T) {
	const seeds, share, z = 300, 0.2, 1.645 // one-sided 5 %
	alarms := 0
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(uint64(seed), 42))
		var c, b Arm
		for n := 1; n <= 3000; n++ {
			arm := &b
			if n%2 == 0 {
				arm = &c
			}
			arm.Total++
			if rng.Float64() < share {
				arm.Bad++
			}
			if n < 100 || n%25 != 0 {
				continue
			}
			d, p := c.Share()-b.Share(), Arm{c.Bad + b.Bad, c.Total + b.Total}.Share()
			if d > 0 && d*d > z*z*p*(1-p)*(1/float64(c.Total)+1/float64(b.Total)) {
				alarms++
				break
			}
		}
	}
	if alarms < seeds/5 {
		t.Errorf("the z-test is wrong in %d of %d runs: peeking is not simulated", alarms, seeds)
	}
}

// TestPower: effects that must be found, and within how many events.
func TestPower(t *testing.T) {
	for _, c := range []struct {
		name                     string
		canary, baseline, weight float64
		margin                   float64
		events                   int
		want                     Decision
		power                    float64
	}{
		{"10 % fail instead of 0.5 %, half the traffic", 0.10, 0.005, 0.5, 0.01, 600, Worse, 0.9},
		{"5 % fail instead of 0.5 %, half the traffic", 0.05, 0.005, 0.5, 0.01, 1600, Worse, 0.9},
		{"30 % fail instead of none, a twentieth of the traffic", 0.30, 0, 0.05, 0.01, 800, Worse, 0.9},
		{"nobody fails", 0, 0, 0.5, 0.01, 2000, NotWorse, 0.99},
		{"0.1 % fail on both sides", 0.001, 0.001, 0.5, 0.01, 5000, NotWorse, 0.9},
		{"slow requests 5 % on both sides, margin 5 points", 0.05, 0.05, 0.5, 0.05, 2500, NotWorse, 0.9},
		{"slow requests 20 % instead of 5 %, margin 5 points", 0.20, 0.05, 0.5, 0.05, 1200, Worse, 0.9},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Rule{Margin: c.margin, AlphaWorse: 0.05 / 3, AlphaNotWorse: 0.05}
			got := simulate(t, r, c.canary, c.baseline, c.weight, 0, c.events, 500)
			if got[c.want] < c.power {
				t.Errorf("found in %v of the runs within %d events, want %v", got[c.want], c.events, c.power)
			}
		})
	}
}
