package scenario

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// The distributions of work time.
const (
	DistConstant  = "constant"
	DistLognormal = "lognormal"
	DistBimodal   = "bimodal"
)

// Work is how long a call keeps a worker busy. The zero value is no work.
//
//	constant   T = mean
//	lognormal  T = median · e^(sigma·Z), Z standard normal; given mean and cv
//	           (standard deviation ÷ mean): sigma² = ln(1 + cv²), median = mean ÷ √(1 + cv²)
//	bimodal    the lognormal above (constant where cv and sigma are absent),
//	           times slow_factor with probability slow_share
type Work struct {
	Dist       string            `yaml:"dist"`
	Mean       yamlfile.Duration `yaml:"mean"`
	CV         float64           `yaml:"cv"`
	Median     yamlfile.Duration `yaml:"median"`
	Sigma      float64           `yaml:"sigma"`
	SlowShare  float64           `yaml:"slow_share"`
	SlowFactor float64           `yaml:"slow_factor"`
}

// shape returns median and sigma of the body of the distribution.
func (w Work) shape() (median, sigma float64) {
	if w.Median > 0 {
		return float64(w.Median), w.Sigma
	}
	v := 1 + w.CV*w.CV
	return float64(w.Mean) / math.Sqrt(v), math.Sqrt(math.Log(v))
}

// Expected returns the mean work time.
func (w Work) Expected() time.Duration {
	median, sigma := w.shape()
	mean := median * math.Exp(sigma*sigma/2)
	if w.Dist == DistBimodal {
		mean *= 1 + w.SlowShare*(w.SlowFactor-1)
	}
	return time.Duration(mean)
}

// Sample draws one work time.
func (w Work) Sample(r *rand.Rand) time.Duration {
	t, sigma := w.shape()
	if sigma > 0 {
		t *= math.Exp(sigma * r.NormFloat64())
	}
	if w.Dist == DistBimodal && r.Float64() < w.SlowShare {
		t *= w.SlowFactor
	}
	return time.Duration(t)
}
