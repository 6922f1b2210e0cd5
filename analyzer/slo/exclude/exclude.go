// Package exclude takes stretches of time out of SLOs: maintenance, and
// incidents that were agreed not to count. What lies in one leaves both good and
// total; it is neither good nor bad.
//
// An exclusion applies whenever counts are read, so one that is added afterwards
// changes the past at once, and one that is removed gives it back.
package exclude

import (
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/recur"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// Exclusion is one stretch of time, or one that recurs.
type Exclusion struct {
	Name     string
	Reason   string
	Start    time.Time // of the first event, in the zone by which it recurs
	Duration time.Duration
	Rule     *recur.Rule // nil: once
	SLOs     []string    // names; empty: of all SLOs of Services
	Services []string    // empty, with SLOs empty too: of all
}

// Covers tells whether the exclusion is one of an SLO.
func (e Exclusion) Covers(slo, service string) bool {
	if len(e.SLOs) == 0 && len(e.Services) == 0 {
		return true
	}
	return slices.Contains(e.SLOs, slo) || slices.Contains(e.Services, service)
}

// Windows returns the parts of w that the exclusions take out: in order,
// disjoint, and on whole minutes outward, which is the grid of the rollups that
// old windows are read from.
func Windows(list []Exclusion, w window.Window) []window.Window {
	var cuts []window.Window
	for _, e := range list {
		for _, start := range e.starts(w) {
			cut := window.Window{
				From: window.Floor(start, window.Coarse),
				To:   window.Floor(start.Add(e.Duration+window.Coarse-1), window.Coarse),
			}.Clip(w)
			if !cut.Empty() {
				cuts = append(cuts, cut)
			}
		}
	}
	return union(cuts)
}

// starts returns when the events begin that may reach into w.
func (e Exclusion) starts(w window.Window) []time.Time {
	if e.Rule == nil {
		return []time.Time{e.Start}
	}
	return e.Rule.Between(e.Start, w.From.Add(-e.Duration-window.Coarse), w.To)
}

func union(cuts []window.Window) []window.Window {
	slices.SortFunc(cuts, func(a, b window.Window) int { return a.From.Compare(b.From) })
	var list []window.Window
	for _, c := range cuts {
		if n := len(list); n > 0 && !c.From.After(list[n-1].To) {
			if c.To.After(list[n-1].To) {
				list[n-1].To = c.To
			}
			continue
		}
		list = append(list, c)
	}
	return list
}

// Rest returns what of w is left without the cuts, which Windows made.
func Rest(w window.Window, cuts []window.Window) []window.Window {
	var rest []window.Window
	from := w.From
	for _, c := range cuts {
		if c = c.Clip(w); c.Empty() {
			continue
		}
		if from.Before(c.From) {
			rest = append(rest, window.Window{From: from, To: c.From})
		}
		from = c.To
	}
	if from.Before(w.To) {
		rest = append(rest, window.Window{From: from, To: w.To})
	}
	return rest
}
