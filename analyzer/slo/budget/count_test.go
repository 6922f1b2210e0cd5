package budget

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

func TestBudget(t *testing.T) {
	for _, tc := range []struct {
		name                     string
		c                        Count
		beta                     float64
		rate, allowed, remaining float64
	}{
		{"clean", Count{1000, 1000}, 0.001, 0, 1, 1},
		{"half spent", Count{99_950, 100_000}, 0.001, 0.5, 100, 0.5},
		{"all spent", Count{99_900, 100_000}, 0.001, 1, 100, 0},
		{"overspent is signed", Count{99_500, 100_000}, 0.001, 5, 100, -4},
		{"all bad: the highest rate there is", Count{0, 10}, 0.1, 10, 1, -9},
		{"the 14.4 of the first page row", Count{98_560, 100_000}, 0.001, 14.4, 100, -13.4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rate, _ := tc.c.BurnRate(tc.beta)
			left, _ := tc.c.Remaining(tc.beta)
			near(t, "burn rate", rate, tc.rate, 1e-9)
			near(t, "allowed", tc.c.Allowed(tc.beta), tc.allowed, 1e-9)
			near(t, "remaining", left, tc.remaining, 1e-9)
		})
	}
}

func TestUndefinedWithoutEvents(t *testing.T) {
	var none Count
	if _, ok := none.SLI(); ok {
		t.Error("SLI of nothing is defined")
	}
	if _, ok := none.BurnRate(0.1); ok {
		t.Error("burn rate of nothing is defined")
	}
	if _, ok := none.Remaining(0.1); ok {
		t.Error("budget left of nothing is defined")
	}
	if _, _, ok := none.Wilson(); ok {
		t.Error("interval of nothing is defined")
	}
	if none.Exceeds(1, 0.1) {
		t.Error("nothing exceeds a factor")
	}
}

// TestExceedsAtEquality counts exactly at the limit, where 1 − objective is not
// a binary fraction: equal is not above.
func TestExceedsAtEquality(t *testing.T) {
	for percent := 1; percent < 100; percent++ {
		beta := Beta(float64(percent) / 100)
		at := Count{Good: uint64(percent) * 100, Total: 10_000}
		if at.Exceeds(1, beta) {
			t.Errorf("objective %d %%: %d bad of 10000 exceed burn rate 1", percent, at.Bad())
		}
		at.Good--
		if !at.Exceeds(1, beta) {
			t.Errorf("objective %d %%: %d bad of 10000 do not exceed burn rate 1", percent, at.Bad())
		}
	}
}

// TestProperties draws counts and holds what must be true of all of them.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func() Count {
		total := r.Uint64N(1 << r.UintN(40))
		return Count{Good: r.Uint64N(total + 1), Total: total}
	}
	for range 2000 {
		a, b := draw(), draw()
		beta := float64(1+r.UintN(999)) / 1000
		if a.Add(b) != b.Add(a) || a.Add(b).Bad() != a.Bad()+b.Bad() {
			t.Fatalf("sums of %v and %v depend on order", a, b)
		}
		rate, ok := a.BurnRate(beta)
		if !ok {
			continue
		}
		left, _ := a.Remaining(beta)
		near(t, "budget identity R + BR", left+rate, 1, 1e-6)
		near(t, "left in events", a.Left(beta), a.Allowed(beta)*left, 1e-6*float64(a.Total))
		near(t, "allowed times share", a.Allowed(beta)*left, a.Allowed(beta)-float64(a.Bad()), 1e-6*float64(a.Total))
		if rate > 1/beta*(1+1e-9) {
			t.Fatalf("burn rate %v of %v above 1/beta", rate, a)
		}
		sli, _ := a.SLI()
		if low, high, _ := a.Wilson(); !(0 <= low && low <= sli && sli <= high && high <= 1) {
			t.Fatalf("interval [%v, %v] of %v does not hold %v", low, high, a, sli)
		}
		if factor := r.Float64() / beta; a.Exceeds(factor, beta) && rate < factor {
			t.Fatalf("%v exceeds %v with rate %v", a, factor, rate)
		}
	}
}

// TestSumThenDivide is why ratios are never averaged: 23 hours at 1000 rps
// without an error and one at 1 rps with half of them failing.
func TestSumThenDivide(t *testing.T) {
	sum := Count{23 * 3600 * 1000, 23 * 3600 * 1000}.Add(Count{1800, 3600})
	rate, _ := sum.BurnRate(0.001)
	near(t, "burn rate", rate, 0.02, 0.003) // averaged by time it would be 20.8
}
