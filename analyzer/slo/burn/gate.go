package burn

import (
	"fmt"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/stats"
)

// Gate keeps a row from firing on too little evidence: at 99.9 % a single
// failure among 69 requests is over the factor of the first page row. The zero
// Gate lets everything pass.
type Gate struct {
	MinFailures uint64  // in the long window
	Confidence  float64 // posterior probability that the error ratio is above factor × β
}

// DefaultGate is the gate of an SLO that names none: three failures, and 95 %
// under Jeffreys' prior. Of one request a minute at half the budget, it lets no
// false page pass in a month where the plain rule makes 24, and a full outage
// pages after three minutes instead of one.
var DefaultGate = Gate{MinFailures: 3, Confidence: 0.95}

// Holds says why a row with these counts in its long window must not fire yet;
// "" if it may.
func (g Gate) Holds(long budget.Count, factor, beta float64) string {
	if long.Bad() < g.MinFailures {
		return fmt.Sprintf("low traffic: %d of %d failed, fewer than the %d failures that an alert needs", long.Bad(), long.Total, g.MinFailures)
	}
	if g.Confidence <= 0 {
		return ""
	}
	if p := stats.Above(factor*beta, long.Bad(), long.Total); p < g.Confidence {
		return fmt.Sprintf("low traffic: %d of %d failed; that the error ratio is above %.3g %% is %.1f %% probable, less than %.4g %%",
			long.Bad(), long.Total, factor*beta*100, p*100, g.Confidence*100)
	}
	return ""
}

// SingleFailure returns the number of events in a window under which one
// failure alone exceeds a factor: 1 ÷ (factor × β).
func SingleFailure(factor, beta float64) float64 { return 1 / (factor * beta) }
