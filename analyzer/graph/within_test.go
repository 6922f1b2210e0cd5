package graph

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestWithinIsExact compares the share at two-digit thresholds with the values
// themselves: no request may be undecided.
func TestWithinIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		values := make([]uint32, 1+rng.IntN(100))
		for i := range values {
			values[i] = uint32(rng.Uint64() >> (32 + rng.IntN(32)))
		}
		us := uint32(10 + rng.IntN(90))
		for range rng.IntN(7) {
			us *= 10
		}
		if rng.IntN(4) == 0 {
			values[0] = us // on the edge itself
		}
		var want uint64
		for _, v := range values {
			if v <= us {
				want++
			}
		}
		w := histogramOf(values...).within(us)
		if w.Requests != want || w.Undecided != 0 || w.Share.Low != w.Share.High || w.Share.Estimate != w.Share.Low {
			t.Fatalf("at most %d µs: %v, want %d of %d and nothing undecided", us, w, want, len(values))
		}
	}
}

// TestWithinBoundsHold: at any threshold the truth lies within the bounds.
func TestWithinBoundsHold(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 300 {
		values := make([]uint32, 1+rng.IntN(100))
		for i := range values {
			values[i] = uint32(rng.IntN(200_000))
		}
		us := uint32(1 + rng.IntN(200_000))
		var n float64
		for _, v := range values {
			if v <= us {
				n++
			}
		}
		truth, s := n/float64(len(values)), histogramOf(values...).within(us).Share
		if s.Low > truth || truth > s.High || s.Estimate < s.Low || s.Estimate > s.High {
			t.Fatalf("at most %d µs: %v, the truth is %v", us, s, truth)
		}
	}
}

func TestWithinNothing(t *testing.T) {
	if w := (histogram{}).within(25_000); w.Share != nil || w.ThresholdUs != 25_000 {
		t.Errorf("within %v, want a threshold without a share", w)
	}
}

func TestThresholdsRefused(t *testing.T) {
	if err := checkThresholds([]uint32{1, 25_000, 3_600_000_000}); err != nil {
		t.Error(err)
	}
	for _, us := range []uint32{0, 3_600_000_001} {
		if err := checkThresholds([]uint32{25_000, us}); err == nil || !strings.Contains(err.Error(), "is not between 1 and 3600000000") {
			t.Errorf("error %v for %d", err, us)
		}
	}
}
