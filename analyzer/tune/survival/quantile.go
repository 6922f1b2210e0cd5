package survival

// MinAtRisk is how many observations must have reached a quantile for the
// curve's word to be taken there.
const MinAtRisk = 30

// uncutShare is how much of the risk set that the curve's height stands for
// must be left where fewer than MinAtRisk observations are.
const uncutShare = 0.9

// tolerance absorbs the rounding of the curve's product.
const tolerance = 1e-9

// Quantile is the duration that a share P of the distribution does not exceed.
// Durations are in microseconds.
type Quantile struct {
	P float64
	// Value is valid when the curve comes down to 1 − P (Reached).
	Value   uint32
	Reached bool
	// Low and High are the confidence limits of Value. The upper one exists
	// only when Bounded: where the curve falls to zero it is the longest
	// duration of the sample, which exceeds the quantile with probability
	// 1 − Pⁿ (95 % from n = 299 for p99 and from n = 2,995 for p99.9).
	Low, High uint32
	Bounded   bool
	// AtRisk is the number of observations that reached Value.
	AtRisk int
	// Identified tells whether the curve may be quoted at P: it is reached and
	// AtRisk is at least MinAtRisk, or at least nine tenths of what would be
	// left if nothing had been cut before. The second arm is for tails that
	// are thin because the sample is small, and not because of the cuts.
	Identified bool
}

// Quantile reads the curve at p, 0 < p < 1.
func (c *Curve) Quantile(p float64) Quantile {
	q := Quantile{P: p}
	target := 1 - p + tolerance
	haveLow := false
	for _, s := range c.steps {
		low, high := s.limits()
		if !haveLow && low <= target {
			q.Low, haveLow = s.micros, true
		}
		if !q.Reached && s.survival <= target {
			q.Value, q.Reached, q.AtRisk = s.micros, true, s.atRisk
			q.Identified = s.identified(c.n)
		}
		if high <= target {
			q.High, q.Bounded = s.micros, true
			break
		}
	}
	return q
}

// identified tells whether enough of a sample of n is left at the step.
func (s step) identified(n int) bool {
	return s.atRisk >= MinAtRisk || float64(s.atRisk) >= uncutShare*s.before*float64(n)
}
