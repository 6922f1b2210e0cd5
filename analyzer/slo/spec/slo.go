package spec

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// SLO is one objective for one service over one period.
type SLO struct {
	Name        string
	DisplayName string
	Description string
	Service     string // who owes it: OpenSLO's spec.service
	Indicator   Indicator
	// Objective is the target share of good events, in (0, 1), with at most nine
	// decimals. That of a composite is the one whose burn rate is the sum of its
	// parts' (budget.CompositeBeta).
	Objective float64
	// Period is the length of a rolling period, and the typical one of a calendar
	// period.
	Period   time.Duration
	Calendar *window.Calendar // nil: rolling
	Slicing  budget.Slicing   // zero: Occurrences
	Slice    time.Duration    // the width of a slice; 0 for Occurrences
	Parts    []Part           // of a composite; else empty
	Rows     []burn.Row       // of the burn-rate rule; never empty
	Gate     burn.Gate
	Targets  []string // notification targets of its alert policies
	Origin   string   // "file:line", or Default
}

// Default is the origin of an SLO that nobody wrote.
const Default = "default"

// Part is one objective of a composite SLO.
type Part struct {
	Name      string
	Indicator Indicator
	Objective float64
	Weight    float64
}

// Beta returns the budget fraction of the part.
func (p Part) Beta() float64 { return budget.Beta(p.Objective) }

// Indicator says which requests are counted, and which of them are good.
type Indicator struct {
	Service   string
	Namespace string           // "" for any
	Route     string           // "" for all
	Caller    string           // the calling service; "" for all
	Method    string           // "" for all
	Good      []record.Outcome // sorted, never empty
	Valid     []record.Outcome // sorted; the outcomes that count at all; nil for all
	Latency   time.Duration    // a good request takes at most this; 0 for no bound
}

// Beta returns the budget fraction 1 − objective. That of a composite is exact
// in its parts.
func (s *SLO) Beta() float64 {
	if len(s.Parts) > 0 {
		return budget.CompositeBeta(s.Weigh(make([]budget.Count, len(s.Parts))))
	}
	return budget.Beta(s.Objective)
}

// Weigh joins the parts of a composite with their counts.
func (s *SLO) Weigh(counts []budget.Count) []budget.Part {
	parts := make([]budget.Part, len(s.Parts))
	for i, p := range s.Parts {
		parts[i] = budget.Part{Count: counts[i], Beta: p.Beta(), Weight: p.Weight}
	}
	return parts
}

// Bucket returns the width of the buckets in which the events of the SLO come.
func (s *SLO) Bucket() time.Duration {
	if s.Slice > 0 {
		return s.Slice
	}
	return window.Grid
}

// Indicators lists what the SLO counts: its own indicator, or those of its
// parts.
func (s *SLO) Indicators() []Indicator {
	if len(s.Parts) == 0 {
		return []Indicator{s.Indicator}
	}
	var list []Indicator
	for _, p := range s.Parts {
		list = append(list, p.Indicator)
	}
	return list
}
