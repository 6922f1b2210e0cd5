package window

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const s, m, h = time.Second, time.Minute, time.Hour

// t0 lies on the grids of ten seconds and of a minute.
var t0 = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func span(from, to time.Duration) Window { return Window{t0.Add(from), t0.Add(to)} }

func TestFloor(t *testing.T) {
	for _, tc := range []struct {
		in, want time.Time
		grid     time.Duration
	}{
		{t0, t0, Grid},
		{t0.Add(Grid - 1), t0, Grid},
		{t0.Add(Grid), t0.Add(Grid), Grid},
		{t0.Add(59 * s), t0, Coarse},
		{time.Unix(-1, 0), time.Unix(-10, 0).UTC(), Grid},
	} {
		if got := Floor(tc.in, tc.grid); !got.Equal(tc.want) {
			t.Errorf("Floor(%v, %v) = %v, want %v", tc.in, tc.grid, got, tc.want)
		}
	}
}

func TestBefore(t *testing.T) {
	for _, tc := range []struct {
		to, length time.Duration
		want       Window
	}{
		{0, h, span(-h, 0)},
		{50 * s, 6 * h, span(-6*h+50*s, 50*s)},
		{50 * s, 6*h + m, span(-6*h-m, 50*s)}, // begins on a minute
	} {
		if diff := cmp.Diff(tc.want, Before(t0.Add(tc.to), tc.length)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		name            string
		in, coarse, old Window
	}{
		{"short", span(-h, 50*s), span(-h, -h), span(-h, 50*s)},
		{"long, ends on a minute", span(-7*h, 0), span(-7*h, 0), span(0, 0)},
		{"long, ends within one", span(-7*h, 50*s), span(-7*h, 0), span(0, 50*s)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			coarse, fine := tc.in.Split()
			if diff := cmp.Diff([]Window{tc.coarse, tc.old}, []Window{coarse, fine}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHull(t *testing.T) {
	got := Hull([]Window{span(0, 0), span(3*m, 4*m), {}, span(m, 2*m)})
	if diff := cmp.Diff(span(m, 4*m), got); diff != "" {
		t.Error(diff)
	}
	if got := Hull([]Window{span(m, m)}); !got.Empty() {
		t.Errorf("hull of nothing = %v", got)
	}
}

func TestOverlap(t *testing.T) {
	for _, tc := range []struct {
		a, b Window
		want time.Duration
	}{
		{span(0, m), span(30*s, 2*m), 30 * s},
		{span(0, m), span(m, 2*m), 0},
		{span(0, m), span(2*m, 3*m), 0},
		{span(0, h), span(m, 2*m), m},
	} {
		if got := tc.a.Overlap(tc.b); got != tc.want {
			t.Errorf("%v overlaps %v by %v, want %v", tc.a, tc.b, got, tc.want)
		}
		if got := tc.b.Overlap(tc.a); got != tc.want {
			t.Errorf("the other way round: %v, want %v", got, tc.want)
		}
	}
}

func TestHolds(t *testing.T) {
	w := span(0, m)
	for d, want := range map[time.Duration]bool{-1: false, 0: true, m - 1: true, m: false} {
		if got := w.Holds(t0.Add(d)); got != want {
			t.Errorf("holds %v: %v", d, got)
		}
	}
}
