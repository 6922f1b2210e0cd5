package alert

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// body makes the body of a message for one target.
type body func(target string) ([]byte, error)

// fire opens an incident and puts the message into the outbox of every target,
// in one transaction.
func (l ledger) fire(ctx context.Context, in Incident, targets []Target, say body) error {
	return l.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO incidents (id, slo, service, severity, state, fired_at, window_from)
			VALUES (?, ?, ?, ?, 'firing', ?, ?)`,
			in.ID, in.SLO, in.Service, in.Severity, in.FiredAt.UnixMicro(), in.WindowFrom.UnixMicro())
		if err != nil {
			return fmt.Errorf("opening incident slo=%s severity=%s: %w", in.SLO, in.Severity, err)
		}
		for _, t := range targets {
			if !t.wants(in.Severity) {
				continue
			}
			if err := enqueue(ctx, tx, in.ID, t.Name, firing, in.FiredAt, say); err != nil {
				return err
			}
		}
		return nil
	})
}

// note stores since when an incident is calm; the zero time: it is not.
func (l ledger) note(ctx context.Context, id string, calmSince time.Time) error {
	_, err := l.db.ExecContext(ctx, `UPDATE incidents SET calm_since = ? WHERE id = ?`, nullable(calmSince), id)
	if err != nil {
		return fmt.Errorf("noting calm of incident=%s: %w", id, err)
	}
	return nil
}

// resolve closes an incident and tells those who were told, or may have been,
// that it fired, in one transaction.
func (l ledger) resolve(ctx context.Context, id string, at time.Time, say body) error {
	return l.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE incidents SET state = 'resolved', resolved_at = ? WHERE id = ? AND state = 'firing'`,
			at.UnixMicro(), id)
		if err != nil {
			return fmt.Errorf("resolving incident=%s: %w", id, err)
		}
		told, err := toldOf(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, target := range told {
			if err := enqueue(ctx, tx, id, target, resolved, at, say); err != nil {
				return err
			}
			if err := collapse(ctx, tx, id, target); err != nil {
				return err
			}
		}
		return nil
	})
}

// toldOf lists the targets for which there is a message that the incident
// fired.
func toldOf(ctx context.Context, tx *sql.Tx, incident string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT target FROM deliveries WHERE incident = ? AND event = 'firing' ORDER BY target`, incident)
	if err != nil {
		return nil, fmt.Errorf("reading the targets of incident=%s: %w", incident, err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return nil, fmt.Errorf("reading the targets of incident=%s: %w", incident, err)
		}
		list = append(list, t)
	}
	return list, rows.Err()
}
