package sequential

import "math"

// Arm counts the events of one version.
type Arm struct{ Bad, Total uint64 }

// Share returns Bad ÷ Total, 0 without events.
func (a Arm) Share() float64 {
	if a.Total == 0 {
		return 0
	}
	return float64(a.Bad) / float64(a.Total)
}

// mixture is ln M of an arm, ready to be evaluated at many shares.
type mixture struct {
	bad, good float64
	numerator float64 // ln (B(bad + ½, good + ½) ÷ B(½, ½))
}

func mixtureOf(a Arm) mixture {
	bad, good := float64(a.Bad), float64(a.Total-min(a.Bad, a.Total))
	return mixture{bad: bad, good: good, numerator: logBeta(bad+0.5, good+0.5) - logBeta(0.5, 0.5)}
}

// at returns ln M(p) for a share p in [0, 1]; +Inf where p cannot be.
func (m mixture) at(p float64) float64 {
	return m.numerator - xlogy(m.bad, p) - xlogy(m.good, 1-p)
}

// xlogy is x·ln y with 0·ln 0 = 0.
func xlogy(x, y float64) float64 {
	if x == 0 {
		return 0
	}
	return x * math.Log(y)
}

func logBeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return la + lb - lab
}
