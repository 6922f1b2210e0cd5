package scenario

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func ms(v float64) yamlfile.Duration { return yamlfile.Duration(v * float64(time.Millisecond)) }

// TestWork compares a large seeded sample with the closed forms: mean within 2 %,
// median and 99th percentile where known.
func TestWork(t *testing.T) {
	const n = 200_000
	for name, tc := range map[string]struct {
		work              Work
		mean, median, p99 float64 // ms; 0: not compared
	}{
		"none":     {Work{}, 0, 0, 0},
		"constant": {Work{Dist: DistConstant, Mean: ms(5)}, 5, 5, 5},
		// 36·e^(0.65²/2) and 36·e^(0.65·2.3263)
		"lognormal by median": {Work{Dist: DistLognormal, Median: ms(36), Sigma: 0.65}, 44.47, 36, 163.3},
		// sigma = √ln 2 = 0.8326, median = 10/√2
		"lognormal by mean": {Work{Dist: DistLognormal, Mean: ms(10), CV: 1}, 10, 7.071, 49.06},
		// 10·(1 + 0.1·5); the slow tenth is at 60
		"bimodal of constants":  {Work{Dist: DistBimodal, Mean: ms(10), SlowShare: 0.1, SlowFactor: 6}, 15, 10, 60},
		"bimodal of lognormals": {Work{Dist: DistBimodal, Median: ms(10), Sigma: 0.5, SlowShare: 0.2, SlowFactor: 4}, 18.13, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			all := make([]float64, n)
			sum := 0.0
			for i := range all {
				all[i] = tc.work.Sample(r).Seconds() * 1e3
				sum += all[i]
			}
			slices.Sort(all)
			near(t, "expected", tc.work.Expected().Seconds()*1e3, tc.mean, 0.001)
			near(t, "sample mean", sum/n, tc.mean, 0.02)
			if tc.median > 0 {
				near(t, "sample median", all[n/2], tc.median, 0.02)
				near(t, "sample p99", all[n*99/100], tc.p99, 0.03)
			}
		})
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*want {
		t.Errorf("%s %.4g, want %.4g ± %g %%", what, got, want, tolerance*100)
	}
}

func TestSampleIsSeeded(t *testing.T) {
	w := Work{Dist: DistBimodal, Median: ms(10), Sigma: 0.5, SlowShare: 0.2, SlowFactor: 4}
	draw := func(seed uint64) (out []time.Duration) {
		r := rand.New(rand.NewPCG(seed, 0))
		for range 50 {
			out = append(out, w.Sample(r))
		}
		return out
	}
	if !slices.Equal(draw(7), draw(7)) {
		t.Error("the same seed gave other draws")
	}
	if slices.Equal(draw(7), draw(8)) {
		t.Error("another seed gave the same draws")
	}
}
