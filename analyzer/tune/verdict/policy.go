package verdict

import (
	"math"
	"time"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
)

// policy is the policy in force in plain types; the zero policy has no limits.
type policy struct {
	known       bool
	timeout     time.Duration // zero: off
	perTry      time.Duration // zero: off
	retries     uint32
	budget      float64 // percent; zero: none
	minRetries  uint32  // the budget's minimum
	maxRequests uint32  // zero: no limit
}

// unlimited is where a breaker threshold stops being one: proxies write "no
// limit" as the largest 32-bit number, signed or not.
const unlimited = math.MaxInt32

func policyOf(p *meshv1.TrafficPolicy) policy {
	if p == nil {
		return policy{}
	}
	out := policy{
		known:       true,
		timeout:     max(0, p.GetTimeout().AsDuration()),
		perTry:      max(0, p.GetPerTryTimeout().AsDuration()),
		retries:     min(p.GetRetries(), unlimited),
		maxRequests: p.GetMaxRequests(),
		budget:      p.GetRetryBudget().GetPercent(),
		minRetries:  p.GetRetryBudget().GetMinConcurrency(),
	}
	if out.maxRequests >= unlimited {
		out.maxRequests = 0
	}
	return out
}

// Unset removes a knob's value from a policy.
func Unset(p *meshv1.TrafficPolicy, knob string) {
	switch knob {
	case KnobRetries:
		p.Retries = nil
	case KnobRetryBudget:
		p.RetryBudget = nil
	case KnobTimeout:
		p.Timeout = nil
	case KnobMaxRequests:
		p.MaxRequests = nil
	case KnobPerTry:
		p.PerTryTimeout = nil
	}
}
