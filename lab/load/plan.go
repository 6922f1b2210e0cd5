package load

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// Arrival is one request to be offered.
type Arrival struct {
	At     time.Duration // from the start of the run
	Target int           // index into Scenario.Load
}

// Plan draws the arrivals of all loads, in order of time: for each load a
// Poisson process with its own generator, seeded with (seed, index), less those
// that fall into the drain after a phase.
func Plan(s *scenario.Scenario) []Arrival {
	var out []Arrival
	for i := range s.Load {
		l := &s.Load[i]
		r := rand.New(rand.NewPCG(s.Seed, uint64(i)))
		for at := l.From.D() + gap(r, l.RPS); at < l.Until.D(); at += gap(r, l.RPS) {
			if !draining(s, at) {
				out = append(out, Arrival{At: at, Target: i})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
	return out
}

// gap draws the time to the next arrival.
func gap(r *rand.Rand, rps float64) time.Duration {
	return time.Duration(r.ExpFloat64() / rps * float64(time.Second))
}

func draining(s *scenario.Scenario, at time.Duration) bool {
	for _, p := range s.Phases {
		if at >= p.Until.D() && at < p.Until.D()+p.Drain.D() {
			return true
		}
	}
	return false
}
