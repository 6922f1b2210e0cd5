package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// errNotDead is returned for a message that cannot be replayed.
var errNotDead = errors.New("there is no dead message of that id")

// replay sends a dead message again, with its id and body, and enables its
// target. What else is dead or skipped of the same incident and target goes
// with it, so that a firing is never left without its resolution. It returns
// the ids.
func (l ledger) replay(ctx context.Context, id string, now time.Time) ([]string, error) {
	var ids []string
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		var incident, target, carrier string
		err := tx.QueryRowContext(ctx, `SELECT incident, target, carrier FROM deliveries WHERE id = ? AND state = 'dead'`, id).Scan(&incident, &target, &carrier)
		if errors.Is(err, sql.ErrNoRows) {
			return errNotDead
		}
		if err != nil {
			return err
		}
		if carrier == "" {
			carrier = id
		}
		const which = `target = ?1 AND state IN ('dead', 'skipped') AND (incident = ?2 OR id = ?3 OR carrier = ?3)`
		if ids, err = texts(ctx, tx, `SELECT id FROM deliveries WHERE `+which+` ORDER BY seq`, target, incident, carrier); err != nil {
			return err
		}
		us := now.UnixMicro()
		for _, id := range ids {
			_, err = tx.ExecContext(ctx, `UPDATE deliveries SET state = 'pending', since = ?, due_at = ?, touched_at = ?, lease_until = 0 WHERE id = ?`, us, us, us, id)
			if err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE targets SET disabled_at = NULL WHERE name = ?`, target)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("replaying message=%s: %w", id, err)
	}
	return ids, nil
}
