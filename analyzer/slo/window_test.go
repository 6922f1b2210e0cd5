package slo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// t0 lies on the grids of ten seconds and of a minute. It is recent because the
// store drops old rows; nothing else depends on it.
var t0 = floor(time.Now().Add(-time.Hour), coarseGrid)

func span(from, to time.Duration) Window { return Window{t0.Add(from), t0.Add(to)} }

func TestFloor(t *testing.T) {
	for _, tc := range []struct {
		in, want time.Time
		grid     time.Duration
	}{
		{t0, t0, Grid},
		{t0.Add(Grid - 1), t0, Grid},
		{t0.Add(Grid), t0.Add(Grid), Grid},
		{t0.Add(59 * s), t0, coarseGrid},
		{time.Unix(-1, 0), time.Unix(-10, 0).UTC(), Grid},
	} {
		if got := floor(tc.in, tc.grid); !got.Equal(tc.want) {
			t.Errorf("floor(%v, %v) = %v, want %v", tc.in, tc.grid, got, tc.want)
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
		if diff := cmp.Diff(tc.want, before(t0.Add(tc.to), tc.length)); diff != "" {
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
			coarse, fine := tc.in.split()
			if diff := cmp.Diff([]Window{tc.coarse, tc.old}, []Window{coarse, fine}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnd(t *testing.T) {
	for _, tc := range []struct{ at, watermark, want time.Duration }{
		{20 * s, 7 * s, 0},
		{20 * s, 10 * s, 10 * s},
		{5 * s, 17 * s, 0}, // the past: not beyond what was asked for
	} {
		if got := end(t0.Add(tc.at), t0.Add(tc.watermark)); !got.Equal(t0.Add(tc.want)) {
			t.Errorf("end(%v, %v) = %v, want %v", tc.at, tc.watermark, got.Sub(t0), tc.want)
		}
	}
}

func TestHull(t *testing.T) {
	got := hull([]Window{span(0, 0), span(3*m, 4*m), {}, span(m, 2*m)})
	if diff := cmp.Diff(span(m, 4*m), got); diff != "" {
		t.Error(diff)
	}
	if got := hull([]Window{span(m, m)}); !got.Empty() {
		t.Errorf("hull of nothing = %v", got)
	}
}
