package slo

import (
	"math"
	"time"

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

// Severities of a row, gravest first.
const (
	Page   = "page"
	Ticket = "ticket"
)

// Row is one line of the burn-rate rule: it fires iff the burn rates of both
// windows exceed the factor.
type Row struct {
	Severity string
	Long     time.Duration
	Short    time.Duration
	Factor   float64
}

// Beta returns the budget fraction 1 − objective. It is rounded to the nine
// decimals that an objective may have, so that 1 − 0.9 is 0.1.
func (s *SLO) Beta() float64 { return math.Round((1-s.Objective)*1e9) / 1e9 }

// graver tells whether row a is a more severe one than b: page before ticket,
// then by factor.
func graver(a, b Row) bool {
	if a.Severity != b.Severity {
		return a.Severity == Page
	}
	return a.Factor > b.Factor
}

// gravest returns the most severe row.
func (s *SLO) gravest() Row {
	best := s.Rows[0]
	for _, r := range s.Rows[1:] {
		if graver(r, best) {
			best = r
		}
	}
	return best
}
