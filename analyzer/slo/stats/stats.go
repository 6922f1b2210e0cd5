// Package stats has the intervals and probabilities for a share of events.
//
// Wilson is the interval that is shown beside an SLI, Jeffreys and Above are
// those of the low-traffic gate. All take integer counts. The incomplete beta
// function is the continued fraction of Numerical Recipes §6.4 (Lentz).
package stats

import "math"

// z95 is the two-sided 95 % quantile of the normal distribution.
const z95 = 1.959963984540054

// Wilson returns the Wilson score interval at 95 % of k successes in n (E. B.
// Wilson, JASA 22, 1927); false if n is zero.
func Wilson(k, n uint64) (low, high float64, ok bool) {
	if n == 0 {
		return 0, 0, false
	}
	total, p := float64(n), float64(k)/float64(n)
	spread := 1 + z95*z95/total
	centre := (p + z95*z95/(2*total)) / spread
	half := z95 / spread * math.Sqrt(p*(1-p)/total+z95*z95/(4*total*total))
	return max(0, min(p, centre-half)), min(1, max(p, centre+half)), true
}

// Jeffreys returns the equal-tailed interval of the given level (0.95, say)
// under Jeffreys' prior Beta(½, ½): Beta(k+½, n−k+½), with the ends set to 0
// and 1 where k is 0 or n (Brown, Cai, DasGupta, Statistical Science 16, 2001);
// false if n is zero.
func Jeffreys(k, n uint64, level float64) (low, high float64, ok bool) {
	if n == 0 {
		return 0, 0, false
	}
	a, b := float64(k)+0.5, float64(n-k)+0.5
	low, high = 0, 1
	if k > 0 {
		low = BetaQuantile((1-level)/2, a, b)
	}
	if k < n {
		high = BetaQuantile((1+level)/2, a, b)
	}
	return low, high, true
}

// Above returns the posterior probability, under Jeffreys' prior, that the
// share of which k in n were seen is above p.
func Above(p float64, k, n uint64) float64 {
	return 1 - BetaCDF(p, float64(k)+0.5, float64(n-k)+0.5)
}

// BetaCDF returns the regularised incomplete beta function Iₓ(a, b), for
// a, b > 0.
func BetaCDF(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2): // the fraction converges fast below
		return 1 - BetaCDF(1-x, b, a)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab - la - lb + a*math.Log(x) + b*math.Log1p(-x))
	return front / a * betaFraction(x, a, b)
}

// betaFraction evaluates the continued fraction of Iₓ(a, b). It needs about
// √max(a, b) steps.
func betaFraction(x, a, b float64) float64 {
	const tiny, close = 1e-300, 1e-15
	steps := 200 + int(10*math.Sqrt(max(a, b)))
	c, d := 1.0, 1/nonZero(1-(a+b)*x/(a+1), tiny)
	f := d
	for i := 1; i < steps; i++ {
		m := float64(i)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / nonZero(1+even*d, tiny)
		c = nonZero(1+even/c, tiny)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / nonZero(1+odd*d, tiny)
		c = nonZero(1+odd/c, tiny)
		f *= d * c
		if math.Abs(d*c-1) < close {
			break
		}
	}
	return f
}

func nonZero(v, tiny float64) float64 {
	if math.Abs(v) < tiny {
		return tiny
	}
	return v
}

// BetaQuantile returns the x with Iₓ(a, b) = p, by bisection.
func BetaQuantile(p, a, b float64) float64 {
	low, high := 0.0, 1.0
	for range 100 {
		mid := (low + high) / 2
		if mid == low || mid == high {
			break
		}
		if BetaCDF(mid, a, b) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}
