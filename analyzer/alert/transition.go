package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// fire opens incidents of one service and, of those that nothing mutes, puts
// the messages into the outbox of every target, in one transaction.
func (l ledger) fire(ctx context.Context, r router, list []Incident) error {
	return l.fenced(ctx, func(tx *sql.Tx) error {
		var loud []Incident
		for _, in := range list {
			notes, err := json.Marshal(in.Notes)
			if err != nil {
				return fmt.Errorf("opening incident slo=%s severity=%s: %w", in.SLO, in.Severity, err)
			}
			in.Told = in.MutedBy == ""
			_, err = tx.ExecContext(ctx, `INSERT INTO incidents (id, slo, service, severity, state, fired_at, window_from, notice, muted_by, told)
				VALUES (?, ?, ?, ?, 'firing', ?, ?, ?, ?, ?)`,
				in.ID, in.SLO, in.Service, in.Severity, in.FiredAt.UnixMicro(), in.WindowFrom.UnixMicro(), string(notes), in.MutedBy, in.Told)
			if err != nil {
				return fmt.Errorf("opening incident slo=%s severity=%s: %w", in.SLO, in.Severity, err)
			}
			if in.Told {
				loud = append(loud, in)
			}
		}
		return l.announce(ctx, tx, r, loud)
	})
}

// announce makes the messages that incidents of one service fire: one for all
// of them where the target's format allows it, else one each.
func (l ledger) announce(ctx context.Context, tx *sql.Tx, r router, list []Incident) error {
	for _, t := range r.targets {
		var told []Incident
		for _, in := range list {
			if r.wants(t, in.Severity) {
				told = append(told, in)
			}
		}
		if err := l.announceTo(ctx, tx, t, told); err != nil {
			return err
		}
	}
	return nil
}

func (l ledger) announceTo(ctx context.Context, tx *sql.Tx, t Target, list []Incident) error {
	if t.Format.Groups() && len(list) > 1 {
		return enqueueGroup(ctx, tx, t, list)
	}
	for _, in := range list {
		if err := enqueue(ctx, tx, t, in.notice(), in.FiredAt); err != nil {
			return err
		}
	}
	return nil
}

// note stores since when an incident is calm; the zero time: it is not.
func (l ledger) note(ctx context.Context, id string, calmSince time.Time) error {
	return l.fenced(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE incidents SET calm_since = ? WHERE id = ?`, nullable(calmSince), id)
		if err != nil {
			return fmt.Errorf("noting calm of incident=%s: %w", id, err)
		}
		return nil
	})
}

// mute stores why an incident that nobody was told of stays so, or tells of it
// if nothing mutes it any more.
func (l ledger) mute(ctx context.Context, r router, in Incident, by string, at time.Time) error {
	return l.fenced(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE incidents SET muted_by = ?, told = ? WHERE id = ? AND told = 0 AND state = 'firing'`,
			by, by == "", in.ID)
		if err != nil {
			return fmt.Errorf("muting incident=%s: %w", in.ID, err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 || by != "" {
			return err
		}
		for _, t := range r.targets {
			if r.wants(t, in.Severity) {
				if err := enqueue(ctx, tx, t, in.notice(), at); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// resolve closes an incident and tells those who were told, or may have been,
// that it fired, in one transaction.
func (l ledger) resolve(ctx context.Context, r router, in Incident) error {
	notes, err := json.Marshal(in.Notes)
	if err != nil {
		return fmt.Errorf("resolving incident=%s: %w", in.ID, err)
	}
	return l.fenced(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE incidents SET state = 'resolved', resolved_at = ?, notice = ? WHERE id = ? AND state = 'firing'`,
			in.ResolvedAt.UnixMicro(), string(notes), in.ID)
		if err != nil {
			return fmt.Errorf("resolving incident=%s: %w", in.ID, err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		told, err := toldOf(ctx, tx, in.ID)
		if err != nil {
			return err
		}
		for _, name := range told {
			t, ok := r.byName(name)
			if !ok {
				continue // it went out of the configuration, and its messages are dead
			}
			if err := enqueue(ctx, tx, t, in.notice(), in.ResolvedAt); err != nil {
				return err
			}
			if err := collapse(ctx, tx, in.ID, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// toldOf lists the targets for which there is a message that the incident
// fired.
func toldOf(ctx context.Context, tx *sql.Tx, incident string) ([]string, error) {
	return texts(ctx, tx, `SELECT target FROM deliveries WHERE incident = ? AND event = 'firing' ORDER BY target`, incident)
}

// texts reads the only column of a query.
func texts(ctx context.Context, q querier, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading names: %w", err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return nil, fmt.Errorf("reading names: %w", err)
		}
		list = append(list, t)
	}
	return list, rows.Err()
}
