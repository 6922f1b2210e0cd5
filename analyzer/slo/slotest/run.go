package slotest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// States of an alert.
const (
	firing   = "firing"
	inactive = "inactive" // never fired
	resolved = "resolved" // fired, and no longer does
	noData   = "no_data"  // its windows have no data, and it does not fire
)

// Run runs a test and returns what differs, a line each; none if all is as it
// should be.
func (t *Test) Run(ctx context.Context) ([]string, error) {
	replay := slo.NewReplay(t.start, t.traffic.buckets, t.traffic.blind)
	e := replay.Evaluator(t.slo)
	e.Exclude(t.library.Exclusions)
	order := make([]int, len(t.checks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(t.at[a] - t.at[b]) })
	r := &run{test: t, evaluator: e, alarms: map[string]*slo.Alarm{burn.Page: {}, burn.Ticket: {}}, step: t.step()}
	diffs := make([][]string, len(t.checks))
	for _, i := range order {
		d, err := r.check(ctx, t.checks[i], t.at[i])
		if err != nil {
			return nil, fmt.Errorf("running %s: %w", t.Name, err)
		}
		for _, line := range d {
			diffs[i] = append(diffs[i], t.doc.Errorf(fmt.Sprintf("checks[%d]", i), "at %s: %s", t.checks[i].At, line).Error())
		}
	}
	return slices.Concat(diffs...), nil
}

// step is the time between two evaluations: fine enough for every window.
func (t *Test) step() time.Duration {
	return max(t.slo.Bucket(), min(t.interval, window.Coarse))
}

// run walks through the time of a test.
type run struct {
	test      *Test
	evaluator *slo.Evaluator
	alarms    map[string]*slo.Alarm
	step      time.Duration
	done      time.Duration // up to where alarms have been stepped
}

// advance steps the alarms up to a time.
func (r *run) advance(ctx context.Context, to time.Duration) error {
	for r.done < to {
		r.done = min(r.done+r.step, to)
		st, err := r.evaluator.Status(ctx, r.test.slo, r.test.start.Add(r.done))
		if err != nil {
			return err
		}
		for severity, alarm := range r.alarms {
			alarm.Step(st.Rows, severity, st.Window.To)
		}
	}
	return nil
}

func (r *run) check(ctx context.Context, c check, at time.Duration) ([]string, error) {
	var lengths []time.Duration
	var names []string
	for name := range c.BurnRate {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		d, _ := burn.ParseWindow(name)
		lengths = append(lengths, d)
	}
	counts, err := r.evaluator.Counts(ctx, r.test.slo, r.test.start.Add(at), lengths)
	if err != nil {
		return nil, err
	}
	beta := r.test.slo.Beta()
	d := &differences{tolerance: c.Tolerance}
	if c.SLI != nil {
		v, ok := counts[0].SLI()
		d.figure("sli", *c.SLI, v, ok, counts[0])
	}
	if c.BudgetRemaining != nil {
		v, ok := counts[0].Remaining(beta)
		d.figure("error_budget_remaining", *c.BudgetRemaining, v, ok, counts[0])
	}
	for i, name := range names {
		v, ok := counts[i+1].BurnRate(beta)
		d.figure(fmt.Sprintf("burn_rate[%s]", name), c.BurnRate[name], v, ok, counts[i+1])
	}
	if c.Alerts != nil {
		if err := r.advance(ctx, at); err != nil {
			return nil, err
		}
		d.alerts(*c.Alerts, r.alarms)
	}
	return d.lines, nil
}

// differences collects what is not as it should be.
type differences struct {
	tolerance *float64
	lines     []string
}

// defaultTolerance is relative for figures above one.
const defaultTolerance = 1e-6

func (d *differences) figure(name string, want figure, got float64, ok bool, c slo.Count) {
	tolerance := defaultTolerance * max(1, math.Abs(want.value))
	if d.tolerance != nil {
		tolerance = *d.tolerance
	}
	switch {
	case want.none && !ok, !want.none && ok && math.Abs(got-want.value) <= tolerance:
		return
	case want.none:
		d.add("%s: want none, got %.9g (%d bad of %d)", name, got, c.Bad(), c.Total)
	case !ok:
		d.add("%s: want %.9g, got none: no events", name, want.value)
	default:
		d.add("%s: want %.9g ± %.3g, got %.9g (%d bad of %d)", name, want.value, tolerance, got, c.Bad(), c.Total)
	}
}

// alerts compares the severities that are listed; an empty list is that none
// fires.
func (d *differences) alerts(list []alert, alarms map[string]*slo.Alarm) {
	if len(list) == 0 {
		for _, severity := range []string{burn.Page, burn.Ticket} {
			if alarms[severity].Firing {
				d.add("alerts: want none, got %s firing", severity)
			}
		}
	}
	for _, a := range list {
		if got := state(alarms[a.Severity]); got != a.State && (a.State != inactive || got != resolved) {
			d.add("alerts: want %s %s, got %s", a.Severity, a.State, got)
		}
	}
}

func state(a *slo.Alarm) string {
	switch {
	case a.Firing:
		return firing
	case a.NoData:
		return noData
	case a.Fired:
		return resolved
	}
	return inactive
}

func (d *differences) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}
