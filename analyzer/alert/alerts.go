package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
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
	// Alertmanagers are pushed what fires, beside the targets.
	Alertmanagers []Alertmanager
	// Heartbeat is called while SLOs are evaluated; nil: nothing is.
	Heartbeat *Heartbeat
	// Dependencies lets the page of a service speak for those that depend on it;
	// nil: each speaks for itself.
	Dependencies Dependencies
	// Link returns the page about an SLO, and Runbook what to do about it; nil or
	// "": none.
	Link    func(slo string) string
	Runbook string
}

// tendEvery is the time between two looks for messages to escalate, and for
// what was replayed.
const tendEvery = 5 * time.Second

// Alerts evaluates SLOs, keeps their incidents and delivers messages about
// them, as long as this process leads.
type Alerts struct {
	config      Config
	router      router
	ledger      ledger
	evaluator   Evaluator
	election    *election
	dispatchers []*dispatcher
	pushers     []*caller
	heart       *caller       // nil: none
	evaluated   atomic.Int64  // when SLOs were evaluated last, in microseconds
	changed     chan struct{} // of one element
	log         *slog.Logger
	now         func() time.Time
}

// New reads the targets' secrets and returns Alerts over the analyzer's state,
// as package state opens it.
func New(config Config, db *sql.DB, evaluator Evaluator, log *slog.Logger) (*Alerts, error) {
	return newAlerts(config, db, evaluator, log, nil)
}

func newAlerts(config Config, db *sql.DB, evaluator Evaluator, log *slog.Logger, transport http.RoundTripper) (*Alerts, error) {
	if config.Every <= 0 {
		return nil, errors.New("the interval of evaluations must be above zero")
	}
	var wrong error
	CheckTargets(config.Targets, func(field string, err error) {
		if wrong == nil {
			wrong = fmt.Errorf("reading webhooks%s: %w", field, err)
		}
	})
	if wrong != nil {
		return nil, wrong
	}
	a := &Alerts{
		config: config, router: newRouter(config.Targets), ledger: ledger{db: db}, evaluator: evaluator, log: log, now: time.Now,
		election: newElection(db, log), changed: make(chan struct{}, 1),
	}
	for i, t := range config.Targets {
		s, err := newSender(t, transport, time.Now)
		if err != nil {
			return nil, fmt.Errorf("reading webhooks[%d] (%s): %w", i, t.Name, err)
		}
		a.dispatchers = append(a.dispatchers, &dispatcher{
			target: t.Name, sender: s, batch: batchSize,
			log: log, now: time.Now, random: rand.Float64, wake: make(chan struct{}, 1),
		})
	}
	return a, a.call(config, log)
}

// call makes the callers of what is not a target.
func (a *Alerts) call(config Config, log *slog.Logger) error {
	for i, m := range config.Alertmanagers {
		c, err := newCaller(m.URL, "/api/v2/alerts", m.Auth, log.With("alertmanager", i))
		if err != nil {
			return fmt.Errorf("reading alertmanagers[%d]: %w", i, err)
		}
		a.pushers = append(a.pushers, c)
	}
	if config.Heartbeat == nil {
		return nil
	}
	c, err := newCaller(config.Heartbeat.URL, "", config.Heartbeat.Auth, log.With("receiver", "heartbeat"))
	if err != nil {
		return fmt.Errorf("reading heartbeat: %w", err)
	}
	a.heart = c
	return nil
}

// Run evaluates at once and then in the configured interval, and delivers,
// until the context ends: whenever this process leads. Then it returns nil,
// after the tries under way have been recorded.
func (a *Alerts) Run(ctx context.Context) error { return a.election.run(ctx, a.lead) }

// lead does all that until its term ends.
func (a *Alerts) lead(ctx context.Context, epoch int64) error {
	a.ledger.epoch = epoch
	if err := a.ledger.adopt(ctx, a.config.Targets); err != nil {
		if ctx.Err() != nil || errors.Is(err, errDeposed) {
			return nil
		}
		return err
	}
	var others sync.WaitGroup
	defer others.Wait()
	for _, d := range a.dispatchers {
		d.ledger = a.ledger
		others.Go(func() { d.run(ctx) })
	}
	others.Go(func() { a.tend(ctx) })
	if len(a.pushers) > 0 || a.heart != nil {
		others.Go(func() { a.beat(ctx) })
	}
	a.evaluate(ctx)
	return nil
}

// evaluate evaluates in the configured interval until the context ends.
func (a *Alerts) evaluate(ctx context.Context) {
	ticker := time.NewTicker(a.config.Every)
	defer ticker.Stop()
	failing := false
	for {
		err := a.Evaluate(ctx, a.now())
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			a.evaluated.Store(a.now().UnixMicro())
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
			return
		case <-ticker.C:
		}
	}
}

// tend escalates and wakes the dispatchers, also while nothing can be
// evaluated.
func (a *Alerts) tend(ctx context.Context) {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n, err := a.ledger.escalate(ctx, a.router, a.now())
		if err != nil && ctx.Err() == nil {
			a.log.Error("escalating pages", "error", err)
		}
		if n > 0 {
			a.log.Warn("pages escalate", "count", n)
		}
		a.wake()
	}
}

// beat pushes to Alertmanagers, and calls the heartbeat as long as SLOs are
// evaluated: each minute, and soon after a change.
func (a *Alerts) beat(ctx context.Context) {
	ticker := time.NewTicker(pushEvery)
	defer ticker.Stop()
	for {
		now := a.now()
		for _, c := range a.pushers {
			if err := a.ledger.push(ctx, c, now); err != nil && ctx.Err() == nil {
				a.log.Error("pushing alerts", "error", err)
			}
		}
		age := now.Sub(fromMicros(a.evaluated.Load()))
		if a.heart != nil && age < pushEvery+3*a.config.Every {
			a.heart.post(ctx, nil)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-a.changed:
		}
	}
}

// wake tells all dispatchers that there may be something new.
func (a *Alerts) wake() {
	for _, d := range a.dispatchers {
		d.notify()
	}
}

// change says that there is something new to push.
func (a *Alerts) change() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}
