package alert

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// Evaluator tells how all SLOs stand as of a time; *slo.Evaluator is one.
type Evaluator interface {
	Statuses(ctx context.Context, at time.Time) ([]slo.Status, error)
}

// Config says how often to evaluate and whom to tell.
type Config struct {
	Every   time.Duration // above zero
	Targets []Target
}

// Alerts evaluates SLOs, keeps their incidents and delivers messages about
// them.
type Alerts struct {
	config      Config
	ledger      ledger
	evaluator   Evaluator
	dispatchers []*dispatcher
	log         *slog.Logger
	now         func() time.Time
}

// New reads the targets' secrets and returns Alerts over the analyzer's state,
// as package state opens it.
func New(config Config, db *sql.DB, evaluator Evaluator, log *slog.Logger) (*Alerts, error) {
	return newAlerts(config, db, evaluator, log, newTransport())
}

func newAlerts(config Config, db *sql.DB, evaluator Evaluator, log *slog.Logger, transport http.RoundTripper) (*Alerts, error) {
	if config.Every <= 0 {
		return nil, errors.New("the interval of evaluations must be above zero")
	}
	secrets, err := readTargets(config.Targets)
	if err != nil {
		return nil, err
	}
	a := &Alerts{config: config, ledger: ledger{db}, evaluator: evaluator, log: log, now: time.Now}
	for i, t := range config.Targets {
		a.dispatchers = append(a.dispatchers, &dispatcher{
			ledger: a.ledger, target: t.Name, sender: newSender(t.URL, secrets[i], transport, time.Now),
			log: log, now: time.Now, random: rand.Float64, wake: make(chan struct{}, 1),
		})
	}
	return a, nil
}

// Run evaluates at once and then in the configured interval, and delivers,
// until the context ends. Then it returns nil, after the tries under way have
// been recorded.
func (a *Alerts) Run(ctx context.Context) error {
	if err := a.ledger.adopt(ctx, a.config.Targets); err != nil {
		return err
	}
	var senders sync.WaitGroup
	defer senders.Wait()
	for _, d := range a.dispatchers {
		senders.Go(func() { d.run(ctx) })
	}
	ticker := time.NewTicker(a.config.Every)
	defer ticker.Stop()
	failing := false
	for {
		err := a.Evaluate(ctx, a.now())
		if ctx.Err() != nil {
			return nil
		}
		if (err != nil) != failing { // say it once, not at each tick
			failing = err != nil
			if failing {
				a.log.Warn("slos cannot be evaluated, alerts keep their state", "error", err)
			} else {
				a.log.Info("slos are evaluated again")
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

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
	for _, st := range list {
		for _, severity := range []string{slo.Page, slo.Ticket} {
			if v, ok := judge(st.Rows, severity); ok {
				key := incidentKey{st.SLO.Name, severity}
				errs = append(errs, a.advance(ctx, st, key, open[key], v))
				delete(open, key)
			}
		}
	}
	for _, in := range open { // no rule is left that could resolve them
		errs = append(errs, a.resolve(ctx, *in, at, retired(*in)))
	}
	return errors.Join(errs...)
}

// advance makes the step of one rule.
func (a *Alerts) advance(ctx context.Context, st slo.Status, key incidentKey, in *Incident, v verdict) error {
	step, calm := next(in, v, st.Window.To)
	switch step {
	case fire:
		return a.fire(ctx, st, key, v)
	case note:
		return a.ledger.note(ctx, in.ID, calm)
	case resolve:
		return a.resolve(ctx, *in, st.At, explained(st, v.row))
	default:
		return nil
	}
}

func (a *Alerts) fire(ctx context.Context, st slo.Status, key incidentKey, v verdict) error {
	in := Incident{
		ID: newID("inc_"), SLO: key.slo, Service: st.SLO.Service, Severity: key.severity,
		FiredAt: st.At.UTC(), WindowFrom: v.row.Long.Window.From,
	}
	if err := a.ledger.fire(ctx, in, a.config.Targets, bodyOf(in, explained(st, v.row))); err != nil {
		return err
	}
	a.log.Info("incident fires", "incident", in.ID, "slo", in.SLO, "severity", in.Severity)
	a.wake()
	return nil
}

func (a *Alerts) resolve(ctx context.Context, in Incident, at time.Time, notes notes) error {
	in.ResolvedAt = at.UTC()
	if err := a.ledger.resolve(ctx, in.ID, in.ResolvedAt, bodyOf(in, notes)); err != nil {
		return err
	}
	a.log.Info("incident is resolved", "incident", in.ID, "slo", in.SLO, "severity", in.Severity)
	a.wake()
	return nil
}

// wake tells all dispatchers that there may be something new.
func (a *Alerts) wake() {
	for _, d := range a.dispatchers {
		d.notify()
	}
}
