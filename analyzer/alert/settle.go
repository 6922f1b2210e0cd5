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

// settle records the result of a try, unless the lease was lost.
func (l ledger) settle(ctx context.Context, m *message, s settlement, now time.Time) error {
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		if err := write(ctx, tx, m, s, now); err != nil {
			return err
		}
		if s.gone {
			if err := disable(ctx, tx, m.target, now); err != nil {
				return err
			}
		}
		if m.event == firing { // it may have resolved while this was on its way
			return collapse(ctx, tx, m.incident, m.target)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording message=%s target=%s state=%s: %w", m.id, m.target, s.state, err)
	}
	return nil
}

func write(ctx context.Context, tx *sql.Tx, m *message, s settlement, now time.Time) error {
	var at time.Time
	if s.state == delivered {
		at = now
	}
	due := s.due
	if due.IsZero() {
		due = now
	}
	r, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = ?, due_at = ?, lease_until = 0, seen = ?, delivered_at = ?, last_error = ?
		WHERE id = ? AND tries = ? AND state = 'pending'`,
		s.state, due.UnixMicro(), s.seen, nullable(at), s.err, m.id, m.tries)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errLeaseLost)
	}
	return nil
}

// disable stops a target and declares all its messages dead.
func disable(ctx context.Context, tx *sql.Tx, target string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE targets SET disabled_at = ? WHERE name = ?`, now.UnixMicro(), target); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'dead', last_error = ? WHERE target = ? AND state = 'pending'`, goneText, target)
	return err
}
