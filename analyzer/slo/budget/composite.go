package budget

import "math"

// Part is one objective of a composite SLO.
type Part struct {
	Count  Count
	Beta   float64
	Weight float64 // above zero; OpenSLO's compositeWeight
}

// CompositeRate returns the burn rate of a composite SLO: the burn rates of its
// parts add, each times its weight (OpenSLO, composite SLOs by Occurrences).
// Parts without events add nothing; false if none has any.
func CompositeRate(parts []Part) (sum float64, ok bool) {
	for _, p := range parts {
		if rate, counted := p.Count.BurnRate(p.Beta); counted {
			sum += p.Weight * rate
			ok = true
		}
	}
	return sum, ok
}

// CompositeRemaining returns the share of a composite budget that is left,
// 1 − CompositeRate: signed; false without events.
func CompositeRemaining(parts []Part) (float64, bool) {
	rate, ok := CompositeRate(parts)
	return 1 - rate, ok
}

// CompositeSlice returns whether a slice of a composite of Timeslices is good:
// one bad part makes it bad (OpenSLO). Parts whose slice does not count, or was
// not seen, are left out; without any the slice does not count.
func CompositeSlice(parts []Count) Count {
	all := Count{1, 1}
	counted := false
	for _, c := range parts {
		counted = counted || c.Total > 0
		if c.Good < c.Total {
			all.Good = 0
		}
	}
	if !counted {
		return Count{}
	}
	return all
}

// CompositeRatio returns the SLI of a composite of RatioTimeslices:
// 1 − Σ wᵢ (1 − SLIᵢ), with the weights as they stand (OpenSLO: two parts of
// weight one at 95 % make 90 %); false without events.
func CompositeRatio(parts []Part) (float64, bool) {
	sli, found := 1.0, false
	for _, p := range parts {
		if v, ok := p.Count.SLI(); ok {
			sli -= p.Weight * (1 - v)
			found = true
		}
	}
	return sli, found
}

// CompositeCount returns a count, in Scale units, and a budget fraction, whose
// burn rate is that of the composite: with β = 1 ÷ Σ (wᵢ ÷ βᵢ) and the error
// ratio e = β × Σ wᵢ eᵢ ÷ βᵢ, which is at most one, e ÷ β = Σ wᵢ BRᵢ. So a
// composite is judged by the same rules as everything else. The count is empty
// without events.
func CompositeCount(parts []Part) (Count, float64) {
	beta := CompositeBeta(parts)
	rate, ok := CompositeRate(parts)
	if !ok {
		return Count{}, beta
	}
	bad := uint64(math.Round(min(1, rate*beta) * Scale))
	return Count{Scale - bad, Scale}, beta
}

// CompositeBeta returns the budget fraction of CompositeCount.
func CompositeBeta(parts []Part) float64 {
	var sum float64
	for _, p := range parts {
		sum += p.Weight / p.Beta
	}
	return 1 / sum
}
