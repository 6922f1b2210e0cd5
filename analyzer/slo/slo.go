package slo

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// SLO is one objective for one service over one rolling period, counted by
// occurrences.
type SLO struct {
	Name        string
	DisplayName string
	Description string
	Service     string // who owes it: OpenSLO's spec.service
	Indicator   Indicator
	Objective   float64       // target share of good events, in (0, 1), at most nine decimals
	Period      time.Duration // rolling
	Rows        []Row         // of the burn-rate rule; never empty
}

// Indicator says which requests are counted, and which of them are good.
type Indicator struct {
	Service   string
	Namespace string           // "" for any
	Route     string           // "" for all
	Good      []record.Outcome // sorted, never empty
	Latency   time.Duration    // a good request takes at most this; 0 for no bound
}

// Beta returns the budget fraction 1 − objective. It is rounded to the nine
// decimals that an objective may have, so that 1 − 0.9 is 0.1.
func (s *SLO) Beta() float64 { return budget.Beta(s.Objective) }
