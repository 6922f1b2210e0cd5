package burn

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
)

func repeat(n int, c budget.Count) []budget.Count {
	list := make([]budget.Count, n)
	for i := range list {
		list[i] = c
	}
	return list
}

func TestRollingExhaustion(t *testing.T) {
	clean, half, twice := budget.Count{Good: 1000, Total: 1000}, budget.Count{Good: 995, Total: 1000}, budget.Count{Good: 980, Total: 1000}
	for _, tc := range []struct {
		name         string
		buckets      []budget.Count
		naive, aware time.Duration
	}{
		{"clean", repeat(100, clean), Never, Never},
		{"sustainable", repeat(100, half), 200 * m, Never},
		// Ten buckets at twice the budget have spent 200 of
		// 1000 allowed; the other 800 go at 20 a bucket.
		{"twice the budget, after a clean past", append(repeat(90, clean), repeat(10, twice)...), 50 * m, 40 * m},
		// The old failures leave while the new ones come.
		{"spent before, and leaving", append(repeat(50, twice), repeat(50, clean)...), Never, 0},
		{"no traffic", repeat(100, budget.Count{}), Never, Never},
		{"already gone", repeat(100, twice), 50 * m, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Rolling{Beta: 0.01, Bucket: m, Buckets: tc.buckets, Recent: 10}.Project()
			if p.Naive != tc.naive {
				t.Errorf("naive = %v, want %v", p.Naive, tc.naive)
			}
			if p.Aware != tc.aware {
				t.Errorf("aware = %v, want %v", p.Aware, tc.aware)
			}
			if p.Earliest > p.Aware || p.Aware > p.Latest {
				t.Errorf("the band [%v, %v] does not hold %v", p.Earliest, p.Latest, p.Aware)
			}
		})
	}
}

// TestRollingExhaustionComesTrue lets the present go on, and finds the budget
// spent in the bucket that was projected and not in the one before.
func TestRollingExhaustionComesTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	found := 0
	for range 300 {
		present := budget.Count{Total: 100}
		present.Good = 100 - r.Uint64N(8)
		var buckets []budget.Count
		for range 60 {
			buckets = append(buckets, budget.Count{Good: 100 - r.Uint64N(3), Total: 100})
		}
		buckets = append(buckets, repeat(10, present)...)
		p := Rolling{Beta: 0.03, Bucket: m, Buckets: buckets, Recent: 10}.Project()
		spent := func() bool { left, _ := budget.Sum(buckets...).Remaining(0.03); return left <= 1e-12 }
		for h := range 71 {
			if got, want := p.Aware == time.Duration(h)*m, spent(); got != want {
				t.Fatalf("projected %v; after %d minutes it is spent: %v", p.Aware, h, want)
			} else if got {
				found++
				break
			}
			buckets = append(buckets[1:], present)
		}
	}
	if found < 20 {
		t.Errorf("only %d of 300 budgets end: the test shows little", found)
	}
}

func TestCalendarExhaustion(t *testing.T) {
	for _, tc := range []struct {
		name        string
		rest        CalendarRest
		aware       time.Duration
		naiveFinite bool
	}{
		// 1000 expected × 0.1 = 100 allowed, 40 spent; 10 a minute: six minutes.
		{"in time", CalendarRest{Beta: 0.1, Period: h, Left: 30 * m, SoFar: budget.Count{Good: 460, Total: 500}, Expected: 1000, Recent: budget.Count{Good: 10, Total: 20}, Span: m}, 6 * m, true},
		{"not in this period", CalendarRest{Beta: 0.1, Period: h, Left: 5 * m, SoFar: budget.Count{Good: 460, Total: 500}, Expected: 1000, Recent: budget.Count{Good: 10, Total: 20}, Span: m}, Never, true},
		{"gone", CalendarRest{Beta: 0.1, Period: h, Left: 5 * m, SoFar: budget.Count{Good: 300, Total: 500}, Expected: 1000, Recent: budget.Count{Good: 10, Total: 20}, Span: m}, 0, true},
		{"clean now", CalendarRest{Beta: 0.1, Period: h, Left: 5 * m, SoFar: budget.Count{Good: 460, Total: 500}, Expected: 1000, Recent: budget.Count{Good: 20, Total: 20}, Span: m}, Never, false},
		{"no traffic", CalendarRest{Beta: 0.1, Period: h, Left: 5 * m, Expected: 1000, Span: m}, Never, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.rest.Project()
			if p.Aware != tc.aware || (p.Naive != Never) != tc.naiveFinite {
				t.Errorf("projection = %+v", p)
			}
			if p.Earliest > p.Aware || p.Aware > p.Latest {
				t.Errorf("the band [%v, %v] does not hold %v", p.Earliest, p.Latest, p.Aware)
			}
		})
	}
}
