package verdict

import (
	"cmp"
	"slices"
)

// tally counts the tries of a window.
type tally struct {
	tries   int // injected ones left out
	good    int // tries that gave the caller what it asked for
	kinds   [kinds]int
	retries int // tries after the first of their request
	rescued int // retries that were good
}

// success returns the share of tries that were good.
func (t tally) success() float64 { return ratio(t.good, t.tries) }

// rescue returns the share of retries that were good: the success of a try
// given that the one before it failed.
func (t tally) rescue() float64 { return ratio(t.rescued, t.retries) }

// tallyOf counts tries that are in the order of sortTries.
func tallyOf(tries []Try) tally {
	var t tally
	for i, try := range tries {
		k := classify(try)
		t.kinds[k]++
		if k == kindInjected {
			continue
		}
		retry := try.Number > 1 || i > 0 && try.Call != 0 && tries[i-1].Call == try.Call
		t.tries++
		t.good += one(!try.Outcome.Failed())
		t.retries += one(retry)
		t.rescued += one(retry && !try.Outcome.Failed())
	}
	return t
}

// sortTries returns a copy in a total order: by request, then start.
func sortTries(tries []Try) []Try {
	sorted := slices.Clone(tries)
	slices.SortFunc(sorted, func(a, b Try) int {
		return cmp.Or(
			cmp.Compare(a.Call, b.Call),
			a.start().Compare(b.start()),
			cmp.Compare(a.Number, b.Number),
			a.End.Compare(b.End),
			cmp.Compare(a.FirstByte, b.FirstByte),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Outcome, b.Outcome),
			cmp.Compare(a.Flags, b.Flags),
		)
	})
	return sorted
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
