package alert

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// Evaluate evaluates all SLOs once, as of a time, and makes the transitions
// that follow. It is idempotent: the same evaluation again changes nothing.
func (a *Alerts) Evaluate(ctx context.Context, at time.Time) error {
	list, err := a.evaluator.Statuses(ctx, at)
	if err != nil {
		return err
	}
	open, err := a.ledger.open(ctx)
	if err != nil {
		return err
	}
	var errs []error
	var fresh []Incident
	gone := maps.Clone(open) // those for which no rule is left
	for _, st := range list {
		for _, severity := range []string{slo.Page, slo.Ticket} {
			v, ok := judge(st.Rows, severity)
			if !ok {
				continue
			}
			key := incidentKey{st.SLO.Name, severity}
			delete(gone, key)
			step, calm := next(open[key], v, st.Window.To)
			switch step {
			case fire:
				fresh = append(fresh, a.incident(st, severity, v.row))
			case note:
				errs = append(errs, a.ledger.note(ctx, open[key].ID, calm))
			case resolve:
				errs = append(errs, a.resolve(ctx, *open[key], st.At, explained(st, v.row)))
				delete(open, key)
			}
		}
	}
	for key, in := range gone {
		errs = append(errs, a.resolve(ctx, *in, at, retired(*in)))
		delete(open, key)
	}
	errs = append(errs, a.announce(ctx, open, fresh, at))
	return errors.Join(errs...)
}

// incident makes the incident that a row fires.
func (a *Alerts) incident(st slo.Status, severity string, row slo.RowStatus) Incident {
	in := Incident{
		ID: newID("inc_"), SLO: st.SLO.Name, Service: st.SLO.Service, Severity: severity,
		FiredAt: st.At.UTC(), WindowFrom: row.Long.Window.From, Notes: explained(st, row)(firing),
	}
	if a.config.Link != nil {
		in.Notes["link"] = a.config.Link(in.SLO)
	}
	if a.config.Runbook != "" {
		in.Notes["runbook_url"] = a.config.Runbook
	}
	return in
}

// announce opens the new incidents, those of a service together, and looks again
// at the ones that were muted.
func (a *Alerts) announce(ctx context.Context, open map[incidentKey]*Incident, fresh []Incident, at time.Time) error {
	var muted []Incident
	all := slices.Clone(fresh)
	for _, in := range open {
		all = append(all, *in)
		if !in.Told {
			muted = append(muted, *in)
		}
	}
	if len(fresh)+len(muted) == 0 {
		return nil
	}
	m, err := a.muter(ctx, all, at)
	errs := []error{err}
	byService := map[string][]Incident{}
	for _, in := range fresh {
		in.MutedBy = m.reason(in, at)
		byService[in.Service] = append(byService[in.Service], in)
	}
	for _, service := range slices.Sorted(maps.Keys(byService)) {
		errs = append(errs, a.fire(ctx, byService[service]))
	}
	for _, in := range muted {
		if by := m.reason(in, at); by != in.MutedBy {
			errs = append(errs, a.ledger.mute(ctx, a.router, in, by, at))
		}
	}
	a.change()
	a.wake()
	return errors.Join(errs...)
}

// muter gathers what can mute. What cannot be read mutes nothing: rather a
// message too many than one too few.
func (a *Alerts) muter(ctx context.Context, open []Incident, at time.Time) (muter, error) {
	silences, err := a.ledger.silences(ctx, at)
	var dependencies []Dependency
	if a.config.Dependencies != nil {
		list, failed := a.config.Dependencies(ctx, at)
		dependencies, err = list, errors.Join(err, failed)
	}
	return newMuter(silences, open, dependencies), err
}

func (a *Alerts) fire(ctx context.Context, list []Incident) error {
	if err := a.ledger.fire(ctx, a.router, list); err != nil {
		return err
	}
	for _, in := range list {
		a.log.Info("incident fires", "incident", in.ID, "slo", in.SLO, "severity", in.Severity, "muted_by", in.MutedBy)
	}
	return nil
}

func (a *Alerts) resolve(ctx context.Context, in Incident, at time.Time, notes notes) error {
	in.ResolvedAt, in.Notes = at.UTC(), notes(resolved)
	if err := a.ledger.resolve(ctx, a.router, in); err != nil {
		return err
	}
	a.log.Info("incident is resolved", "incident", in.ID, "slo", in.SLO, "severity", in.Severity)
	a.change()
	a.wake()
	return nil
}
