package filexds

import (
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// maxTimeout bounds timeouts that the API accepts; a longer one is a mistake of
// units, and zero says "off".
const maxTimeout = 24 * time.Hour

// policyOf returns a service's limits with defaults filled in: those of the
// named route, or of the first for "".
func policyOf(s *model.Service, route string, callers int) *meshv1.TrafficPolicy {
	r := s.Routes[0]
	if route != "" {
		r = s.Route(route)
	}
	retryOn := r.Retry.RetryOn()
	maxRequests := model.Total(s.Policy.Limits.Requests, callers)
	out := &meshv1.TrafficPolicy{
		Timeout:       durationpb.New(r.Timeout),
		PerTryTimeout: durationpb.New(r.Retry.PerTryTimeout),
		Retries:       &r.Retry.Attempts,
		RetryOn:       &retryOn,
		MaxRequests:   &maxRequests,
	}
	if b := s.Policy.RetryBudget; b != nil {
		out.RetryBudget = &meshv1.RetryBudget{Percent: b.Percent, MinConcurrency: b.MinConcurrency}
	}
	return out
}

// overrideOf reads the fields of a policy that are present.
func overrideOf(p *meshv1.TrafficPolicy) (model.Override, error) {
	if p == nil {
		return model.Override{}, errors.New("policy: missing")
	}
	o := model.Override{Retries: p.Retries, MaxRequests: p.MaxRequests}
	var errs [5]error
	o.Timeout, errs[0] = timeout("timeout", p.GetTimeout())
	o.PerTryTimeout, errs[1] = timeout("per_try_timeout", p.GetPerTryTimeout())
	o.RetryBudget, errs[2] = budget(p.GetRetryBudget())
	if p.RetryOn != nil {
		on, codes, err := model.ParseRetryOn(p.GetRetryOn())
		o.RetryOn, errs[3] = &model.RetryOn{Conditions: on, StatusCodes: codes}, err
	}
	if p.MaxRequests != nil && p.GetMaxRequests() == 0 {
		errs[4] = errors.New("max_requests: 0 would refuse every request")
	}
	return o, errors.Join(errs[:]...)
}

func timeout(name string, d *durationpb.Duration) (*time.Duration, error) {
	if d == nil {
		return nil, nil
	}
	if err := d.CheckValid(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v := d.AsDuration()
	if v < 0 || v > maxTimeout || v%time.Millisecond != 0 {
		return nil, fmt.Errorf("%s: %v is not a whole number of milliseconds between 0 and %v", name, v, maxTimeout)
	}
	return &v, nil
}

func budget(b *meshv1.RetryBudget) (*model.RetryBudget, error) {
	if b == nil {
		return nil, nil
	}
	if p := b.GetPercent(); math.IsNaN(p) || p <= 0 || p > 100 {
		return nil, fmt.Errorf("retry_budget: %v is not a percentage above 0", p)
	}
	return &model.RetryBudget{Percent: b.GetPercent(), MinConcurrency: b.GetMinConcurrency()}, nil
}
