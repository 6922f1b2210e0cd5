package run

import (
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/load"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// phases accounts for each phase as its users saw it.
func (a *assembler) phases(truth []report.Edge) []report.Phase {
	s := a.opts.Scenario
	var list []report.Phase
	normal := 0.0
	for i, p := range s.Phases {
		w := a.drive.load.Window(p.From.D(), p.Until.D())
		if i == 0 {
			normal = w.Goodput()
		}
		r := report.Phase{
			Name: p.Name, FromS: p.From.D().Seconds(), UntilS: p.Until.D().Seconds(),
			Offered: int(w.Offered), OK: int(w.Good), Late: int(w.Late), Failed: int(w.Failed),
			Goodput: w.Goodput(), P50Ms: quantileMs(w.Scheduled, 0.5), P99Ms: quantileMs(w.Scheduled, 0.99),
			AttemptsPerRequest: mostAttempts(truth, p.Name), CapacityGoodput: a.capacity(p, truth),
		}
		if w.Offered > 0 {
			r.ErrorRate = float64(w.Late+w.Failed) / float64(w.Offered)
		}
		if after, ok := a.recovery(i, normal); ok && i > 0 {
			seconds := after.Seconds()
			r.RecoveryS = &seconds
		}
		list = append(list, r)
	}
	return list
}

// recovery looks beyond the end of the phase, to the next thing that the
// timeline does to a service: a phase in which the trouble ends late is not
// called lost because it ends too.
func (a *assembler) recovery(i int, normal float64) (time.Duration, bool) {
	p := a.opts.Scenario.Phases[i]
	if w := a.drive.load.Window(p.From.D(), p.Until.D()); w.Goodput() >= load.RecoveredShare*normal {
		return 0, true // never gone
	}
	until := a.opts.Scenario.Duration.D()
	for _, x := range a.opts.Scenario.Timeline {
		if at := x.At.D(); at > p.From.D() && at < until {
			until = at
		}
	}
	until = max(until, p.Until.D())
	after, ok := load.Recovery(a.drive.load.Seconds(), normal, p.From.D(), until)
	return after, ok && p.From.D()+after <= p.Until.D()
}

// mostAttempts returns the tries per logical call on the edge between services
// that made the most, over all workloads of the phase.
func mostAttempts(truth []report.Edge, phase string) float64 {
	most := 0.0
	for _, e := range truth {
		if e.Phase == phase && e.Src != load.Node && e.Requests >= minCallsToJudge {
			most = max(most, float64(e.Attempts)/float64(e.Requests))
		}
	}
	return most
}

// minCallsToJudge keeps an edge with a handful of calls from speaking for all.
const minCallsToJudge = 20

// capacity is the most of the offered load that the workers could serve while
// the timeline held them back, whatever the proxies do.
func (a *assembler) capacity(p scenario.Phase, truth []report.Edge) float64 {
	offered := 0.0
	for _, l := range a.opts.Scenario.Load {
		offered += l.RPS * overlap(l.From.D(), l.Until.D(), p.From.D(), p.Until.D())
	}
	return a.opts.Scenario.CapacityGoodput(offered, a.visits(truth), p.From.D(), p.Until.D())
}

// visits returns the logical calls to each service per user request, as counted
// in the first phase.
func (a *assembler) visits(truth []report.Edge) map[string]float64 {
	users, calls := 0.0, map[string]float64{}
	first := a.opts.Scenario.Phases[0].Name
	for _, e := range truth {
		switch {
		case e.Phase != first:
		case e.Src == load.Node:
			users += float64(e.Requests)
			calls[a.serviceOf(e.Dst)] += float64(e.Requests)
		default:
			calls[a.serviceOf(e.Dst)] += float64(e.Requests)
		}
	}
	for name := range calls {
		calls[name] /= max(users, 1)
	}
	return calls
}

// serviceOf returns the service of a node id, also of one that stands for the
// service as a whole; "" for the users.
func (a *assembler) serviceOf(node string) string {
	for _, p := range a.apps.pairs {
		if p.node == node {
			return p.service.Name
		}
	}
	_, service, _ := strings.Cut(node, "/~")
	return service
}

// overlap is the share of [from, until) that [a, b) covers.
func overlap(a, b, from, until time.Duration) float64 {
	if until <= from {
		return 0
	}
	return max((min(b, until)-max(a, from)).Seconds(), 0) / (until - from).Seconds()
}
