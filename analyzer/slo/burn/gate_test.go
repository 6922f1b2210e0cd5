package burn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
)

func TestGate(t *testing.T) {
	for _, tc := range []struct {
		name       string
		gate       Gate
		bad, total uint64
		want       string
	}{
		{"one of ten: sure, but few", DefaultGate, 1, 10, "low traffic: 1 of 10 failed, fewer than the 3 failures that an alert needs"},
		{"three of a hundred: not sure", DefaultGate, 3, 100, "low traffic: 3 of 100 failed; that the error ratio is above 1.44 % is 89.7 % probable, less than 95 %"},
		{"four of a hundred", DefaultGate, 4, 100, ""},
		{"a full outage after three", DefaultGate, 3, 3, ""},
		{"no gate", Gate{}, 1, 1000, ""},
		{"failures only", Gate{MinFailures: 2}, 2, 100, ""},
		{"nothing", DefaultGate, 0, 0, "low traffic: 0 of 0 failed, fewer than the 3 failures that an alert needs"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.gate.Holds(budget.Count{Good: tc.total - tc.bad, Total: tc.total}, 14.4, 0.001); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestSingleFailure has the traffic under which one failure is over the factor.
func TestSingleFailure(t *testing.T) {
	for _, tc := range []struct{ factor, beta, want float64 }{
		{14.4, 0.001, 69}, {14.4, 0.0001, 694}, {14.4, 0.01, 6}, {6, 0.001, 166}, {3, 0.001, 333}, {1, 0.001, 1000},
	} {
		if got := math.Floor(SingleFailure(tc.factor, tc.beta)); got != tc.want {
			t.Errorf("factor %v, beta %v: %v, want %v", tc.factor, tc.beta, got, tc.want)
		}
	}
}

// TestGateStopsFalsePages simulates a month of one request a minute whose true
// error ratio is half the budget of 99.9 %: without the gate the page rows fire
// again and again, with it never; and a full outage still pages in minutes.
func TestGateStopsFalsePages(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	const minutes, beta = 30 * 24 * 60, 0.001
	bad := make([]uint64, minutes)
	for i := range bad {
		if r.Float64() < beta/2 {
			bad[i] = 1
		}
	}
	if plain := pages(bad, Gate{}, beta); plain < 10 {
		t.Errorf("the plain rule pages only %d times: the simulation shows nothing", plain)
	}
	if gated := pages(bad, DefaultGate, beta); gated != 0 {
		t.Errorf("with the gate there are %d false pages", gated)
	}
	outage := make([]uint64, 70)
	for i := 60; i < len(outage); i++ {
		outage[i] = 1
	}
	if pages(outage[:62], DefaultGate, beta) != 0 || pages(outage[:63], DefaultGate, beta) != 1 {
		t.Error("a full outage does not page with its third failure")
	}
}

// pages counts how often the first page row begins to fire at one request a
// minute.
func pages(bad []uint64, g Gate, beta float64) (n int) {
	firing := false
	for i := range bad {
		long, short := last(bad, i, 60), last(bad, i, 5)
		now := long.Exceeds(14.4, beta) && short.Exceeds(14.4, beta) && g.Holds(long, 14.4, beta) == ""
		if now && !firing {
			n++
		}
		firing = now
	}
	return n
}

func last(bad []uint64, i, n int) (c budget.Count) {
	for _, b := range bad[max(0, i-n+1) : i+1] {
		c = c.Add(budget.Count{Good: 1 - b, Total: 1})
	}
	return c
}
