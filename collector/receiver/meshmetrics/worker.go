package meshmetrics

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// worker scrapes one target when it is told to, in turn with others, and says
// when it goes down and comes up.
type worker struct {
	scraper   *scraper
	slots     chan struct{}
	timeout   time.Duration
	interval  time.Duration
	log       *zap.Logger
	telemetry *telemetry

	state *atomic.Int64 // the count of targets in this one's state
	since time.Time     // of the last scrape that succeeded, or of the beginning
}

func (r *metricsReceiver) newWorker(p place) (*worker, error) {
	client := newClient(p.address, r.tls, r.cfg.BearerTokenFile)
	s, err := newScraper(p.target, client, r.cfg, r.sink, r.telemetry, r.now)
	if err != nil {
		return nil, err
	}
	w := &worker{
		scraper: s, slots: r.slots, timeout: r.cfg.Timeout, interval: r.cfg.Interval, telemetry: r.telemetry,
		log: r.log.With(zap.String("target", p.target.URL)), state: &r.telemetry.targetsNew, since: r.now(),
	}
	w.state.Add(1)
	return w, nil
}

// scrape waits for its turn, scrapes, and tells whether it succeeded.
func (w *worker) scrape(ctx context.Context) bool {
	err := w.turn(ctx)
	if err != nil && ctx.Err() != nil {
		return false // the receiver stops, or the target was taken away
	}
	w.report(err)
	return err == nil
}

// turn holds one of the slots during a scrape.
func (w *worker) turn(ctx context.Context) error {
	if err := w.await(ctx); err != nil {
		return err
	}
	defer func() { <-w.slots }()
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	return w.scraper.scrape(ctx)
}

// await takes a slot, or gives up when the next scrape is due.
func (w *worker) await(ctx context.Context) error {
	select {
	case w.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(w.interval)
	defer timer.Stop()
	select {
	case w.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return fmt.Errorf("waiting for a turn: %w", errCrowded)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// report counts a scrape, and logs where the state changed: a gap is one
// message at its start and one at its end, however long it is.
func (w *worker) report(err error) {
	now := w.scraper.now()
	if err != nil {
		w.telemetry.failed[reasonOf(err)].Add(1)
		if w.enter(&w.telemetry.targetsDown) {
			w.log.Warn("target is down; what it counts meanwhile is seen when it answers", zap.Error(err))
		}
		return
	}
	wasDown := w.state == &w.telemetry.targetsDown
	if w.enter(&w.telemetry.targetsUp) {
		if wasDown {
			w.log.Info("target is up again", zap.Duration("gap", now.Sub(w.since)))
		} else {
			w.log.Info("target is up", zap.String("proxy", w.scraper.id.proxy))
		}
	}
	w.since = now
}

// enter moves the target to a state and tells whether it was in another.
func (w *worker) enter(state *atomic.Int64) bool {
	if w.state == state {
		return false
	}
	w.state.Add(-1)
	state.Add(1)
	w.state = state
	return true
}

// close takes the target out of the counts.
func (w *worker) close() {
	w.scraper.close()
	w.state.Add(-1)
}
