package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
)

// The leader renews every renewEvery and acts for validFor after the start of
// the last renewal that worked; another takes over when it saw no beat for
// takeoverAfter. A try that began while the leader was valid has ended by then:
// validFor + sendTimeout < takeoverAfter. All are measured on a clock that is
// never set, each process on its own.
const (
	renewEvery    = 2 * time.Second
	validFor      = 8 * time.Second
	takeoverAfter = 20 * time.Second
)

// errDeposed is returned when a write asked for an epoch that is over.
var errDeposed = errors.New("another analyzer leads")

// election makes one of several analyzers the leader.
type election struct {
	db     *sql.DB
	holder string // this process
	shared bool   // others may be there
	log    *slog.Logger

	heard struct { // what was seen of the current holder, and since when
		epoch, beat int64
		since       time.Time
	}
}

func newElection(db *sql.DB, log *slog.Logger) *election {
	return &election{db: db, holder: newID(""), shared: state.Shared(db), log: log}
}

// run calls lead with each epoch in which this process leads, and cancels its
// context as soon as that is in doubt. It returns nil when the context ends.
func (e *election) run(ctx context.Context, lead func(ctx context.Context, epoch int64) error) error {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		epoch, won, err := e.campaign(ctx, time.Now())
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			e.log.Error("asking who leads", "error", err)
		case won:
			e.log.Info("this analyzer leads", "epoch", epoch)
			if err := e.term(ctx, epoch, lead); err != nil || ctx.Err() != nil {
				return err
			}
			e.log.Warn("this analyzer no longer leads", "epoch", epoch)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// campaign takes the lead if it is free, or if its holder was not heard of for
// too long.
func (e *election) campaign(ctx context.Context, now time.Time) (epoch int64, won bool, err error) {
	var holder string
	var beat int64
	err = e.db.QueryRowContext(ctx, `SELECT holder, epoch, beat FROM leaders WHERE name = 'alert'`).Scan(&holder, &epoch, &beat)
	if err != nil {
		return 0, false, fmt.Errorf("reading the leader: %w", err)
	}
	h := &e.heard
	first := h.since.IsZero()
	if first || epoch != h.epoch || beat != h.beat {
		h.epoch, h.beat, h.since = epoch, beat, now
	}
	alone := first && !e.shared // whoever held the file is gone: it was this program before its restart
	if holder != "" && !alone && now.Sub(h.since) < takeoverAfter {
		return 0, false, nil
	}
	r, err := e.db.ExecContext(ctx, `UPDATE leaders SET holder = ?, epoch = ?, beat = 0 WHERE name = 'alert' AND epoch = ? AND beat = ?`,
		e.holder, epoch+1, epoch, beat)
	if err != nil {
		return 0, false, fmt.Errorf("taking the lead: %w", err)
	}
	n, err := r.RowsAffected()
	return epoch + 1, n == 1, err
}

// term leads for one epoch.
func (e *election) term(ctx context.Context, epoch int64, lead func(context.Context, int64) error) error {
	term, end := context.WithCancel(ctx)
	defer end()
	done := make(chan error, 1)
	go func() { done <- lead(term, epoch) }()
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	valid := time.Now()
	for {
		select {
		case err := <-done:
			e.resign(epoch)
			return err
		case <-ctx.Done():
			err := <-done
			e.resign(epoch)
			return err
		case <-ticker.C:
		}
		start := time.Now()
		if start.Sub(valid) < validFor { // else it slept: what it holds may be another's by now
			err := e.renew(ctx, epoch, validFor-start.Sub(valid))
			if err == nil {
				valid = start
				continue
			}
			if !errors.Is(err, errDeposed) && time.Since(valid) < validFor {
				continue // the database may answer the next time
			}
		}
		end()
		e.heard.since = time.Time{}
		e.shared = true // if somebody took it, there is somebody
		return <-done
	}
}

// renew says that the holder lives.
func (e *election) renew(ctx context.Context, epoch int64, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err := e.db.ExecContext(ctx, `UPDATE leaders SET beat = beat + 1 WHERE name = 'alert' AND epoch = ? AND holder = ?`, epoch, e.holder)
	if err != nil {
		return fmt.Errorf("renewing the lead: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errDeposed)
	}
	return nil
}

// resign lets the next one lead at once.
func (e *election) resign(epoch int64) {
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	_, err := e.db.ExecContext(ctx, `UPDATE leaders SET holder = '' WHERE name = 'alert' AND epoch = ? AND holder = ?`, epoch, e.holder)
	if err != nil {
		e.log.Warn("giving up the lead", "error", err)
	}
}
