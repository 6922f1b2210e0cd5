package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/load"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

// restartRule says when the first phase is worth repeating, and how long to
// wait before.
type restartRule struct {
	stall   time.Duration // a sleeper woke this much too late,
	goodput float64       // and goodput fell below this
	pause   time.Duration // for what is under way between the proxies
	wait    time.Duration // at most, for queues to empty
}

var normalRestart = restartRule{stall: 50 * time.Millisecond, goodput: 0.98, pause: 5 * time.Second, wait: 30 * time.Second}

// driver offers the load of a scenario while the timeline runs.
type driver struct {
	scenario *scenario.Scenario
	clock    *clock
	apps     *apps
	ledger   *truth.Ledger
	timeline *timeline
	journal  *journal
	api      *api
	restart  restartRule
}

// drive is what came of it.
type drive struct {
	load      *load.Generator
	meter     *load.Meter
	counters  []map[string]witness.Stats // at the start, and at the end of each phase
	restarted bool
}

// run runs the whole scenario. When the machine itself disturbed the first
// phase, that phase begins again, once.
func (d *driver) run(ctx context.Context) (*drive, error) {
	result, again, err := d.once(ctx, true)
	if err != nil || !again {
		return result, err
	}
	d.journal.say("the machine stalled for %s during %s: it begins again", result.meter.Worst(0, d.firstEnd()).Max.Round(time.Millisecond), d.scenario.Phases[0].Name)
	if err := d.quieten(ctx); err != nil {
		return nil, err
	}
	d.ledger.Reset()
	d.journal.forget()
	result, _, err = d.once(ctx, false)
	if result != nil {
		result.restarted = true
	}
	return result, err
}

// quieten waits until the applications have nothing to do any more, and a while
// longer; a queue that does not empty is waited for only so long.
func (d *driver) quieten(ctx context.Context) error {
	for end := time.Now().Add(d.restart.wait); !d.apps.idle() && time.Now().Before(end); {
		if err := sleepUntil(ctx, time.Now().Add(100*time.Millisecond)); err != nil {
			return err
		}
	}
	return sleepUntil(ctx, time.Now().Add(d.restart.pause))
}

var errAgain = errors.New("the first phase begins again")

// once runs the scenario from its start. With mayRestart it gives up at the end
// of the first phase if that was disturbed, and says so.
func (d *driver) once(ctx context.Context, mayRestart bool) (result *drive, again bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	zero := time.Now().Add(300 * time.Millisecond)
	d.clock.begin(zero)
	result = &drive{
		load: load.New(load.Config{
			Targets: d.apps.targets(), Arrivals: load.Plan(d.scenario), Ledger: d.ledger,
		}),
		meter: new(load.Meter),
	}
	metered := make(chan struct{})
	go func() { defer close(metered); result.meter.Run(ctx, zero) }()
	loaded := make(chan error, 1)
	go func() { loaded <- result.load.Run(ctx, zero) }()
	acted := make(chan struct{})
	go func() { defer close(acted); d.timeline.run(ctx, zero, d.scenario.Timeline) }()
	watched := make(chan struct{})
	go func() { defer close(watched); d.watch(ctx, result.load) }()

	err = d.phases(ctx, result, mayRestart)
	if err == nil {
		err = <-loaded
		<-acted
		cancel(nil)
	} else {
		cancel(err)
		<-loaded //nolint:errcheck // it ends for the same reason
		<-acted
	}
	<-watched
	<-metered
	if errors.Is(err, errAgain) {
		return result, true, nil
	}
	return result, false, err
}

// phases waits for the end of each phase and reads the proxies' counters there.
func (d *driver) phases(ctx context.Context, result *drive, mayRestart bool) error {
	result.counters = append(result.counters, d.apps.stats(ctx))
	for i := range d.scenario.Phases {
		_, until := d.clock.window(i)
		if err := sleepUntil(ctx, until); err != nil {
			return err
		}
		result.counters = append(result.counters, d.apps.stats(ctx))
		if i == 0 && mayRestart && d.disturbed(result) {
			return errAgain
		}
	}
	return nil
}

// disturbed tells whether the machine, not the mesh, spoilt the first phase. A
// phase in which the timeline already acted is left as it is.
func (d *driver) disturbed(result *drive) bool {
	end := d.firstEnd()
	for _, a := range d.scenario.Timeline {
		if a.At.D() < end {
			return false
		}
	}
	w := result.load.Window(d.scenario.Phases[0].From.D(), d.scenario.Phases[0].Until.D())
	return w.Offered > 0 && w.Goodput() < d.restart.goodput && result.meter.Disturbed(0, end, d.restart.stall)
}

func (d *driver) firstEnd() time.Duration {
	_, until := d.clock.span(0)
	return until
}

// watch prints how the run goes, each second, and keeps the error budget.
func (d *driver) watch(ctx context.Context, g *load.Generator) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	phase := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		second := int(d.clock.offset(time.Now())/time.Second) - 1
		if second < 0 || second >= int(d.scenario.Duration.D()/time.Second) {
			continue
		}
		if p := offeredIn(d.scenario.Phases, time.Duration(second)*time.Second); p.Name != phase {
			phase = p.Name
			d.announce(p)
		}
		d.report(second, phase, g, d.budget(ctx, second))
	}
}

// announce prints that a phase has begun; between phases there is none.
func (d *driver) announce(p scenario.Phase) {
	if p.Name != "" {
		d.journal.say("%5.0f s  – %s, until %s", p.From.D().Seconds(), p.Name, p.Until)
	}
}

// offeredIn returns the phase whose load a moment belongs to, the zero Phase
// between phases.
func offeredIn(phases []scenario.Phase, at time.Duration) scenario.Phase {
	for _, p := range phases {
		if at >= p.From.D() && at < p.Until.D() {
			return p
		}
	}
	return scenario.Phase{}
}

// report prints one second and how long the run will go on.
func (d *driver) report(second int, phase string, g *load.Generator, budget string) {
	var c load.Counts
	if s := g.Seconds(); second < len(s) {
		c = s[second]
	}
	left := d.scenario.Duration.D() - time.Duration(second+1)*time.Second
	d.journal.say("%5d s  %-14s  offered %4d/s  good %4d/s  budget left %-20s  %s to go",
		second, phase, c.Offered, c.Good, budget, left.Round(time.Second))
}

// budget asks for the error budget of the first objective, for people.
func (d *driver) budget(ctx context.Context, second int) string {
	ctx, cancel := context.WithTimeout(ctx, 800*time.Millisecond)
	defer cancel()
	list, err := d.api.slos(ctx, time.Time{})
	switch {
	case err != nil:
		return "? (no answer)"
	case len(list) == 0:
		return "- (no SLO)"
	case list[0].BudgetRemaining == nil:
		return "- (no data yet)"
	}
	d.journal.budget(second, list[0].GetBudgetRemaining())
	return fmt.Sprintf("%.1f %% (%s)", 100*list[0].GetBudgetRemaining(), list[0].GetState())
}
