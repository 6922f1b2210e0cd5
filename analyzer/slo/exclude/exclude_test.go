package exclude

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/recur"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

const m, h = time.Minute, time.Hour

var t0 = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a Monday

func span(from, to time.Duration) window.Window {
	return window.Window{From: t0.Add(from), To: t0.Add(to)}
}

func rule(t *testing.T, text string) *recur.Rule {
	t.Helper()
	r, err := recur.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestWindows(t *testing.T) {
	daily := rule(t, "FREQ=DAILY")
	for _, tc := range []struct {
		name string
		list []Exclusion
		w    window.Window
		want []window.Window
	}{
		{"none", nil, span(0, h), nil},
		{"once", []Exclusion{{Start: t0.Add(10 * m), Duration: 5 * m}}, span(0, h), []window.Window{span(10*m, 15*m)}},
		{"outward to minutes", []Exclusion{{Start: t0.Add(10*m + 1), Duration: 5 * m}}, span(0, h), []window.Window{span(10*m, 16*m)}},
		{"over the edges", []Exclusion{{Start: t0.Add(-10 * m), Duration: 15 * m}, {Start: t0.Add(55 * m), Duration: h}}, span(0, h), []window.Window{span(0, 5*m), span(55*m, h)}},
		{"overlapping ones are one", []Exclusion{{Start: t0.Add(20 * m), Duration: 10 * m}, {Start: t0.Add(10 * m), Duration: 15 * m}, {Start: t0.Add(30 * m), Duration: m}}, span(0, h), []window.Window{span(10*m, 31*m)}},
		{"outside", []Exclusion{{Start: t0.Add(2 * h), Duration: h}}, span(0, h), nil},
		{"daily", []Exclusion{{Start: t0.Add(2 * h), Duration: h, Rule: daily}}, span(0, 48*h), []window.Window{span(2*h, 3*h), span(26*h, 27*h)}},
		{"daily, over midnight", []Exclusion{{Start: t0.Add(23 * h), Duration: 2 * h, Rule: daily}}, span(24*h, 48*h), []window.Window{span(24*h, 25*h), span(47*h, 48*h)}},
		{"longer than its interval", []Exclusion{{Start: t0, Duration: 30 * h, Rule: daily}}, span(0, 48*h), []window.Window{span(0, 48*h)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Windows(tc.list, tc.w)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRest(t *testing.T) {
	cuts := []window.Window{span(10*m, 20*m), span(50*m, 70*m)}
	for _, tc := range []struct {
		name string
		w    window.Window
		want []window.Window
	}{
		{"between", span(0, h), []window.Window{span(0, 10*m), span(20*m, 50*m)}},
		{"untouched", span(20*m, 50*m), []window.Window{span(20*m, 50*m)}},
		{"swallowed", span(51*m, 60*m), nil},
		{"begins within", span(15*m, 30*m), []window.Window{span(20*m, 30*m)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Rest(tc.w, cuts)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCutsAndRestTile: whatever is excluded, cuts and rest together are the
// window, without overlap, and the order of exclusions does not matter.
func TestCutsAndRestTile(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	weekly := rule(t, "FREQ=WEEKLY;BYDAY=TU,SA")
	for range 500 {
		var list []Exclusion
		for range r.IntN(5) {
			e := Exclusion{Start: t0.Add(time.Duration(r.Int64N(int64(200 * h)))), Duration: time.Duration(1 + r.Int64N(int64(30*h)))}
			if r.IntN(2) == 0 {
				e.Rule = weekly
			}
			list = append(list, e)
		}
		w := span(time.Duration(r.IntN(100))*m, time.Duration(100+r.IntN(30_000))*m)
		cuts := Windows(list, w)
		rest := Rest(w, cuts)
		var sum time.Duration
		for i, a := range append(append([]window.Window{}, cuts...), rest...) {
			sum += a.Len()
			for j, b := range append(append([]window.Window{}, cuts...), rest...) {
				if i != j && a.Overlap(b) > 0 {
					t.Fatalf("%v overlaps %v", a, b)
				}
			}
		}
		if sum != w.Len() {
			t.Fatalf("cuts %v and rest %v make %v of %v", cuts, rest, sum, w.Len())
		}
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if diff := cmp.Diff(cuts, Windows(list, w)); diff != "" {
			t.Fatalf("in another order: %s", diff)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, tc := range []struct {
		e    Exclusion
		want bool
	}{
		{Exclusion{}, true},
		{Exclusion{SLOs: []string{"a"}}, true},
		{Exclusion{SLOs: []string{"b"}}, false},
		{Exclusion{Services: []string{"shop"}}, true},
		{Exclusion{SLOs: []string{"b"}, Services: []string{"shop"}}, true},
		{Exclusion{SLOs: []string{"b"}, Services: []string{"stock"}}, false},
	} {
		if got := tc.e.Covers("a", "shop"); got != tc.want {
			t.Errorf("%+v covers it: %v", tc.e, got)
		}
	}
}
