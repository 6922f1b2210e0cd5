package scenario

import (
	"slices"
	"strings"
	"time"
)

// Bounds of a work time: beyond them the draw is surely a mistake.
const (
	maxWork  = time.Minute
	maxSigma = 3.0
	maxCV    = 50.0
)

var workFields = [...]string{"mean", "cv", "median", "sigma", "slow_share", "slow_factor"}

// work checks the parameters of a distribution.
func (c *checker) work(at string, w Work) {
	if !c.has(at) {
		return
	}
	allowed := []string{"mean", "cv", "median", "sigma"}
	switch w.Dist {
	case DistConstant:
		allowed = []string{"mean"}
	case DistLognormal:
	case DistBimodal:
		allowed = append(allowed, "slow_share", "slow_factor")
		c.slowMode(at, w)
	default:
		c.add(at+".dist", "%q is not a distribution; give constant, lognormal or bimodal", w.Dist)
		return
	}
	for _, f := range workFields {
		if c.has(at+"."+f) && !slices.Contains(allowed, f) {
			c.add(at+"."+f, "is no parameter of %s, which has %s", w.Dist, strings.Join(allowed, ", "))
		}
	}
	c.body(at, w)
}

func (c *checker) slowMode(at string, w Work) {
	c.share(at+".slow_share", w.SlowShare)
	if !c.has(at + ".slow_share") {
		c.add(at+".slow_share", "missing; bimodal needs the share of slow calls")
	}
	if !(w.SlowFactor > 0 && w.SlowFactor <= 1000) {
		c.add(at+".slow_factor", "%v is not a factor; give one above 0 and at most 1000", w.SlowFactor)
	}
}

func (c *checker) body(at string, w Work) {
	byMean, byMedian := c.has(at+".mean") || c.has(at+".cv"), c.has(at+".median") || c.has(at+".sigma")
	switch {
	case byMean && byMedian:
		c.add(at, "has parameters of both forms; give mean and cv, or median and sigma")
	case byMedian:
		c.workTime(at+".median", w.Median.D())
		if !(w.Sigma >= 0 && w.Sigma <= maxSigma) {
			c.add(at+".sigma", "%v is not a spread; give 0 to %v", w.Sigma, maxSigma)
		}
	default:
		c.workTime(at+".mean", w.Mean.D())
		if !(w.CV >= 0 && w.CV <= maxCV) {
			c.add(at+".cv", "%v is not a coefficient of variation; give 0 to %v", w.CV, maxCV)
		}
	}
	if w.Dist == DistLognormal && !c.has(at+".cv") && !c.has(at+".sigma") {
		c.add(at, "has no spread; give cv beside mean or sigma beside median, or use constant")
	}
}

func (c *checker) workTime(at string, d time.Duration) {
	if d <= 0 || d > maxWork {
		c.add(at, "%v is not a work time; give one above 0 and at most %v", d, maxWork)
	}
}
