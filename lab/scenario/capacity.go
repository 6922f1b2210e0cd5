package scenario

import (
	"math"
	"time"
)

// capacityStep is the resolution at which the timeline is looked at.
const capacityStep = 100 * time.Millisecond

// Capacity returns how many calls per second the workers of a service can serve
// at most, on average over [from, until): workers ÷ expected work time, slowed,
// scaled and killed as the timeline says. Waiting for dependencies is left out,
// and of several endpoints the quickest counts, so that it is an upper bound.
// Infinite for a service without work.
func (s *Scenario) Capacity(service string, from, until time.Duration) float64 {
	steps := max(int((until-from)/capacityStep), 1)
	sum := 0.0
	for i := range steps {
		at := from + time.Duration(i)*(until-from)/time.Duration(steps)
		for _, v := range s.Service(service) {
			sum += s.capacityAt(v, at)
		}
	}
	return sum / float64(steps)
}

func (s *Scenario) capacityAt(v *Service, at time.Duration) float64 {
	workers, factor := v.Workers, 1.0
	for i := range s.Timeline {
		a := &s.Timeline[i]
		if a.Service != v.Name || a.Version != "" && a.Version != v.Version || a.At.D() > at {
			continue
		}
		switch running := at < a.Until(); {
		case a.Do == ScaleWorkers:
			workers = a.Workers
		case a.Do == Slow && running:
			factor *= a.Factor
		case a.Do == Kill && running:
			return 0
		}
	}
	return float64(workers*v.Replicas) / (v.quickest().Seconds() * factor)
}

// quickest returns the least expected work time of the endpoints.
func (s *Service) quickest() time.Duration {
	least := time.Duration(math.MaxInt64)
	for i := range s.Endpoints {
		least = min(least, s.Endpoints[i].Work.Expected())
	}
	return least
}

// CapacityGoodput returns the largest share of user requests that all services
// together can serve well in [from, until), given the users' rate per second
// and visits: how many calls to each service a user request makes on average,
// as seen in a quiet phase. A share of 1 − visits needs no call to a service that
// is visited less than once.
func (s *Scenario) CapacityGoodput(rps float64, visits map[string]float64, from, until time.Duration) float64 {
	share := 1.0
	for service, v := range visits {
		demand := rps * v
		if demand <= 0 {
			continue
		}
		need := min(v, 1)
		served := min(1, s.Capacity(service, from, until)/demand)
		share = min(share, 1-need+need*served)
	}
	return share
}
