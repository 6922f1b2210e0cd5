package slo

import (
	"testing"
	"time"
)

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
