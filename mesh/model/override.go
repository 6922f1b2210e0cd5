package model

import "time"

// Override holds limits that were set above the configuration, for the calls
// of one service to another. A nil field leaves the configured value.
type Override struct {
	Timeout       *time.Duration
	PerTryTimeout *time.Duration
	Retries       *uint32
	RetryOn       *RetryOn
	RetryBudget   *RetryBudget
	MaxRequests   *uint32 // of all the edge's caller proxies together
}

// RetryOn is a parsed list of conditions and status codes.
type RetryOn struct {
	Conditions  []string
	StatusCodes []uint32
}

// Merge returns o with the fields that are set in above laid over it.
func (o Override) Merge(above Override) Override {
	set(&o.Timeout, above.Timeout)
	set(&o.PerTryTimeout, above.PerTryTimeout)
	set(&o.Retries, above.Retries)
	set(&o.RetryOn, above.RetryOn)
	set(&o.RetryBudget, above.RetryBudget)
	set(&o.MaxRequests, above.MaxRequests)
	return o
}

func set[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// Apply returns a copy of the service with the override in force on the named
// route, or on all routes for "". The limits of the connection have no routes:
// they hold for all. MaxRequests is divided among callers, rounded up.
func (o Override) Apply(s *Service, route string, callers int) *Service {
	out := *s
	out.Routes = make([]*Route, len(s.Routes))
	for i, r := range s.Routes {
		if route == "" || route == r.Name {
			r = o.route(r)
		}
		out.Routes[i] = r
	}
	if o.RetryBudget != nil {
		out.Policy.RetryBudget = o.RetryBudget
	}
	if o.MaxRequests != nil {
		out.Policy.Limits.Requests = Share(*o.MaxRequests, callers)
	}
	return &out
}

func (o Override) route(r *Route) *Route {
	out := *r
	if o.Timeout != nil {
		out.Timeout = *o.Timeout
	}
	if o.PerTryTimeout != nil {
		out.Retry.PerTryTimeout = *o.PerTryTimeout
	}
	if o.Retries != nil {
		out.Retry.Attempts = *o.Retries
	}
	if o.RetryOn != nil {
		out.Retry.On, out.Retry.StatusCodes = o.RetryOn.Conditions, o.RetryOn.StatusCodes
	}
	return &out
}

// Share returns the part of a total limit that each of n proxies keeps:
// ⌈total ÷ n⌉. Unlimited stays so.
func Share(total uint32, n int) uint32 {
	if total == Unlimited || n <= 1 {
		return total
	}
	return uint32((uint64(total) + uint64(n) - 1) / uint64(n))
}

// Total is the inverse of Share: the limit of n proxies together.
func Total(share uint32, n int) uint32 {
	if share == Unlimited || n <= 1 {
		return share
	}
	return uint32(min(uint64(share)*uint64(n), Unlimited))
}
