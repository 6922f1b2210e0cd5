package diff

import (
	"cmp"
	"slices"
)

// Correct returns Benjamini–Hochberg adjusted p values, in the order given:
// rejecting those at or below α keeps the false discovery rate at or below α for
// tests that are independent or positively dependent (Benjamini & Yekutieli,
// 2001).
func Correct(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ps[b], ps[a]) })
	out := make([]float64, len(ps))
	least := 1.0
	for i, at := range order { // from the greatest p down
		rank := float64(len(ps) - i)
		least = min(least, ps[at]*float64(len(ps))/rank)
		out[at] = least
	}
	return out
}
