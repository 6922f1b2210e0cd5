package diff

import "math"

// exactUpTo is the greatest sum of a 2×2 table that Fisher's test is made of:
// beyond it the z test differs by little, unless a cell expects few.
const exactUpTo = 2_000

// leastExpected is the expected count of a cell from which on the normal
// approximation serves (Cochran, Biometrics 1954).
const leastExpected = 5

// proportions returns the two-sided p value for x of n and y of m having one
// share: Fisher's exact test for small tables and rare events, else the z test
// with pooled variance. Without any event, or nothing but events, it is 1.
func proportions(x, n, y, m uint64) float64 {
	hits, all := x+y, n+m
	if hits == 0 || hits == all || n == 0 || m == 0 {
		return 1
	}
	rare := float64(min(hits, all-hits)) * float64(min(n, m)) / float64(all)
	if all <= exactUpTo || rare < leastExpected {
		return fisher(x, n, y, m)
	}
	pooled := float64(hits) / float64(all)
	spread := math.Sqrt(pooled * (1 - pooled) * (1/float64(n) + 1/float64(m)))
	z := math.Abs(float64(x)/float64(n)-float64(y)/float64(m)) / spread
	return math.Erfc(z / math.Sqrt2)
}

// fisher returns the two-sided p value of Fisher's exact test: the probability,
// with all margins given, of tables that are no more likely than the one seen
// (the rule of R's fisher.test, with its tolerance of 1e-7).
func fisher(x, n, y, m uint64) float64 {
	hits := x + y
	if 2*hits > n+m { // the complement has the same p and fewer tables
		return fisher(n-x, n, m-y, m)
	}
	low, high := uint64(0), min(hits, n)
	if hits > m {
		low = hits - m
	}
	logP := func(k uint64) float64 { return logChoose(n, k) + logChoose(m, hits-k) - logChoose(n+m, hits) }
	limit := logP(x) + 1e-7
	var p float64
	for k := low; k <= high; k++ {
		if l := logP(k); l <= limit {
			p += math.Exp(l)
		}
	}
	return min(p, 1)
}

// counts returns the two-sided p value for two Poisson counts having one rate,
// where the second was counted over a share of the whole time: given the sum it
// is binomial. Twice the lesser tail, by the normal law with a correction for
// continuity where the variance is at least 25.
func counts(a, b uint64, shareOfB float64) float64 {
	n := a + b
	mean, variance := float64(n)*shareOfB, float64(n)*shareOfB*(1-shareOfB)
	if variance >= 25 {
		z := max(0, math.Abs(float64(b)-mean)-0.5) / math.Sqrt(variance)
		return math.Erfc(z / math.Sqrt2)
	}
	var below, above float64
	for k := range n + 1 {
		p := math.Exp(logChoose(n, k) + float64(k)*math.Log(shareOfB) + float64(n-k)*math.Log1p(-shareOfB))
		if k <= b {
			below += p
		}
		if k >= b {
			above += p
		}
	}
	return min(1, 2*min(below, above))
}

// logChoose is ln C(n, k).
func logChoose(n, k uint64) float64 {
	lg := func(v uint64) float64 { r, _ := math.Lgamma(float64(v) + 1); return r }
	return lg(n) - lg(k) - lg(n-k)
}
