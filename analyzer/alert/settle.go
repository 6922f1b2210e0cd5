package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// errLeaseLost is returned when another sender has taken the message.
var errLeaseLost = errors.New("the lease ran out and another sender has the message")

const goneText = "the target answered 410 Gone and is disabled until its URL changes"

// settlement is what becomes of a message after a try.
type settlement struct {
	state string // pending: to be tried again at due
	due   time.Time
	seen  bool // this try or an earlier one may have reached the receiver
	gone  bool // the target wants nothing more
	err   string
}

// outcome is what becomes of one of several messages.
type outcome struct {
	message *message
	settlement
}

// settle records the results of tries in one transaction. A message whose lease
// was lost is left as it is; the error says so after all others are recorded.
func (l ledger) settle(ctx context.Context, list []outcome, now time.Time) error {
	var lost []error
	err := l.fenced(ctx, func(tx *sql.Tx) error {
		lost = nil
		for _, o := range list {
			switch err := recordOutcome(ctx, tx, o, now); {
			case errors.Is(err, errLeaseLost):
				lost = append(lost, describe(o, err))
			case err != nil:
				return describe(o, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording %d results: %w", len(list), err)
	}
	return errors.Join(lost...)
}

func describe(o outcome, err error) error {
	return fmt.Errorf("recording message=%s target=%s state=%s: %w", o.message.id, o.message.target, o.state, err)
}

func recordOutcome(ctx context.Context, tx *sql.Tx, o outcome, now time.Time) error {
	m := o.message
	if err := write(ctx, tx, m, o.settlement, now); err != nil {
		return err
	}
	if o.gone {
		if err := disable(ctx, tx, m.target, now); err != nil {
			return err
		}
	}
	if m.event == resolved || o.state == delivered {
		return nil
	}
	incidents, err := texts(ctx, tx, `SELECT incident FROM deliveries WHERE id = ?1 UNION ALL SELECT incident FROM deliveries WHERE carrier = ?1 AND carrier <> ''`, m.id)
	if err != nil {
		return err
	}
	for _, incident := range incidents { // it may have resolved while this was on its way
		if err := collapse(ctx, tx, incident, m.target); err != nil {
			return err
		}
	}
	return nil
}

// write records the result in the message's row, and in those that it carries.
func write(ctx context.Context, tx *sql.Tx, m *message, s settlement, now time.Time) error {
	var at time.Time
	if s.state == delivered {
		at = now
	}
	due := s.due
	if due.IsZero() {
		due = now
	}
	r, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = ?, due_at = ?, lease_until = 0, seen = ?, delivered_at = ?, last_error = ?,
		touched_at = ? WHERE id = ? AND tries = ? AND state = 'pending'`,
		s.state, due.UnixMicro(), s.seen, nullable(at), s.err, now.UnixMicro(), m.id, m.tries)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errLeaseLost)
	}
	_, err = tx.ExecContext(ctx, `UPDATE deliveries SET state = ?, seen = ?, delivered_at = ?, last_error = ?, tries = ?, touched_at = ?
		WHERE carrier = ? AND carrier <> '' AND state = 'pending'`, s.state, s.seen, nullable(at), s.err, m.tries, now.UnixMicro(), m.id)
	return err
}

// release gives back messages that were claimed and not tried.
func (l ledger) release(ctx context.Context, list []*message) error {
	return l.fenced(ctx, func(tx *sql.Tx) error {
		for _, m := range list {
			_, err := tx.ExecContext(ctx, `UPDATE deliveries SET tries = tries - 1, lease_until = 0, seen = ? WHERE id = ? AND tries = ? AND state = 'pending'`,
				m.seen, m.id, m.tries)
			if err != nil {
				return fmt.Errorf("giving back message=%s: %w", m.id, err)
			}
		}
		return nil
	})
}

// disable stops a target and declares all its messages dead.
func disable(ctx context.Context, tx *sql.Tx, target string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE targets SET disabled_at = ? WHERE name = ?`, now.UnixMicro(), target); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'dead', last_error = ? WHERE target = ? AND state = 'pending'`, goneText, target)
	return err
}
