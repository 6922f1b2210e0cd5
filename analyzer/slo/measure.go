package slo

import (
	"context"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// measure counts the events of one SLO in its windows, by its budgeting method.
type measure struct {
	source  source
	slo     *SLO
	windows []Window
	cuts    []Window
	seen    Sight
}

// counts returns one count per window, in the unit of the SLO: requests, slices,
// or budget.Scale.
func (m measure) counts(ctx context.Context) ([]Count, error) {
	var parts [][]Count
	for _, in := range m.slo.Indicators() {
		list, err := m.part(ctx, in)
		if err != nil {
			return nil, err
		}
		parts = append(parts, list)
	}
	switch {
	case len(m.slo.Parts) == 0 && m.slo.Slice == 0:
		return parts[0], nil
	case m.slo.Slice == 0:
		return m.compose(parts), nil
	case len(m.slo.Parts) == 0:
		return m.sum(parts[0]), nil
	case m.slo.Slicing.Method == budget.Timeslices:
		return m.sum(columns(parts, budget.CompositeSlice)), nil
	}
	for i := range parts {
		parts[i] = m.sum(parts[i])
	}
	return m.compose(parts), nil
}

// part returns the counts of one indicator: one per window, or, if the SLO has
// slices, one per slice of the hull of all windows.
func (m measure) part(ctx context.Context, in Indicator) ([]Count, error) {
	if m.slo.Slice == 0 {
		return m.source.counts(ctx, in, m.windows, m.cuts)
	}
	whole := window.Hull(m.windows)
	minutes, err := m.source.series(ctx, in, whole, window.Coarse)
	if err != nil {
		return nil, err
	}
	n := int(m.slo.Slice / window.Coarse)
	slices := make([]Count, len(minutes)/n)
	for i := range slices {
		w := Window{From: whole.From.Add(m.slo.Slice * time.Duration(i)), To: whole.From.Add(m.slo.Slice * time.Duration(i+1))}
		if m.counted(w) {
			slices[i] = m.slo.Slicing.Slice(budget.Sum(minutes[i*n : (i+1)*n]...))
		}
	}
	return slices, nil
}

// counted tells whether a slice counts: it was seen, and nothing of it is
// excluded.
func (m measure) counted(w Window) bool {
	for _, cut := range m.cuts {
		if cut.Overlap(w) > 0 {
			return false
		}
	}
	return m.seen.Coverage(w) >= minCoverage && m.seen.born(w) == w
}

// sum adds up the slices of each window.
func (m measure) sum(slices []Count) []Count {
	from := window.Hull(m.windows).From
	list := make([]Count, len(m.windows))
	for i, w := range m.windows {
		first, last := int(w.From.Sub(from)/m.slo.Slice), int(w.To.Sub(from)/m.slo.Slice)
		list[i] = budget.Sum(slices[first:last]...)
	}
	return list
}

// compose makes the counts of a composite, window by window.
func (m measure) compose(parts [][]Count) []Count {
	return columns(parts, func(counts []Count) Count {
		c, _ := budget.CompositeCount(m.slo.Weigh(counts))
		return c
	})
}

// columns joins what all parts have at each place.
func columns(parts [][]Count, join func([]Count) Count) []Count {
	list := make([]Count, len(parts[0]))
	for i := range list {
		column := make([]Count, len(parts))
		for j := range parts {
			column[j] = parts[j][i]
		}
		list[i] = join(column)
	}
	return list
}
