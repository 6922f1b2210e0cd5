package query

import (
	"testing"
	"time"
)

// at returns a moment by its seconds.
func at(seconds float64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
}

// read returns samples that were read every ten seconds, from 0 on. Each tells
// the growth since the one before, as the reader of the counters does.
func read(totals ...float64) counter {
	var c counter
	for i, total := range totals {
		s := sample{at: at(float64(10 * i)), top: total, last: total}
		if i > 0 {
			s.growth = max(0, total-totals[i-1])
		}
		c = append(c, s)
	}
	return c
}

func TestGrowth(t *testing.T) {
	late := read(7, 9)[1:] // its first sample tells a growth of 2
	for name, tc := range map[string]struct {
		in       counter
		from, to float64
		want     float64
		resets   int
	}{
		"nothing":                      {nil, 0, 100, 0, 0},
		"between two":                  {read(5, 8), 0, 10, 3, 0},
		"up to the first":              {read(5, 8), -10, 0, 0, 0},
		"the first of all":             {late, 0, 10, 2, 0},
		"bounds are (from, to]":        {read(1, 2, 4, 8, 16), 10, 30, 6, 0},
		"after the last":               {read(1, 2), 10, 100, 0, 0},
		"anew":                         {read(100, 110, 4, 9), 0, 30, 10 + 4 + 5, 1},
		"anew at zero":                 {read(100, 110, 0, 1), 0, 30, 11, 1},
		"anew at the end":              {read(100, 3), 0, 10, 3, 1},
		"anew outside":                 {read(100, 3, 5), 10, 20, 2, 0},
		"reader came new, total known": {counter{{at: at(0), top: 10, last: 10}, {at: at(10), growth: 0, top: 25, last: 25}}, 0, 10, 15, 0},
		"anew within minutes":          {counter{{at: at(0), top: 10, last: 10}, {at: at(600), growth: 20, top: 25, last: 5}}, 0, 600, 15 + 5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.in.growth(at(tc.from), at(tc.to)); got != tc.want {
				t.Errorf("growth = %v, want %v", got, tc.want)
			}
			if got := tc.in.resets(at(tc.from), at(tc.to)); got != tc.resets {
				t.Errorf("%d resets, want %d", got, tc.resets)
			}
		})
	}
}

// TestGrowthAddsUp cuts a window in two at any sample: the parts add up.
func TestGrowthAddsUp(t *testing.T) {
	c := read(3, 5, 5, 900, 2, 2, 40, 0, 7)
	whole := c.growth(at(0), at(80))
	for cut := range c {
		if got := c.growth(at(0), c[cut].at) + c.growth(c[cut].at, at(80)); got != whole {
			t.Errorf("cut at sample %d: %v, want %v", cut, got, whole)
		}
	}
}

func TestBetween(t *testing.T) {
	c := read(1, 2, 3, 4, 5)
	for name, tc := range map[string]struct {
		in       counter
		from, to float64
		a, b     float64
		ok       bool
	}{
		"on samples":                 {c, 10, 30, 10, 30, true},
		"off samples, those before":  {c, 15, 35, 10, 30, true},
		"from before the first":      {c, -60, 25, 0, 20, true},
		"to after the last":          {c, 25, 600, 20, 40, true},
		"within one interval":        {c, 21, 29, 20, 20, false},
		"before all":                 {c, -60, -1, 0, 0, false},
		"after all: nothing is news": {c, 100, 160, 40, 40, false},
		"no samples":                 {nil, 0, 60, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b, ok := tc.in.between(at(tc.from), at(tc.to))
			if ok != tc.ok || ok && (!a.Equal(at(tc.a)) || !b.Equal(at(tc.b))) {
				t.Errorf("between %s and %s, %v, want %s, %s, %v", a, b, ok, at(tc.a), at(tc.b), tc.ok)
			}
		})
	}
}

func TestGaugeAt(t *testing.T) {
	c := read(4, 0, 7)
	for seconds, want := range map[float64]float64{-1: 0, 0: 4, 9: 4, 10: 0, 19.9: 0, 20: 7, 600: 7} {
		if got := c.at(at(seconds)); got != want {
			t.Errorf("value at %v s = %v, want %v", seconds, got, want)
		}
	}
}
