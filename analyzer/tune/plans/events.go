package plans

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
)

// The events of the audit trail.
const (
	Applying    = "applying" // the mesh is about to be asked
	Applied     = "applied"
	RollingBack = "rolling_back"
	RolledBack  = "rolled_back"
	Refused     = "refused" // the mesh did not do what was asked
)

// Event is a line of the audit trail.
type Event struct {
	At     time.Time
	Plan   string
	Event  string
	Detail string
}

// Log writes a line of the audit trail.
func (s *Store) Log(ctx context.Context, e Event) error { return logEvent(ctx, s.db, e) }

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func logEvent(ctx context.Context, db execer, e Event) error {
	_, err := db.ExecContext(ctx, `INSERT INTO plan_events (at, plan, event, detail) VALUES (?, ?, ?, ?)`,
		e.At.UnixMicro(), e.Plan, e.Event, e.Detail)
	if err != nil {
		return fmt.Errorf("writing event %s of plan %s: %w", e.Event, e.Plan, err)
	}
	return nil
}

// Events returns the audit trail of a plan in order.
func (s *Store) Events(ctx context.Context, plan string) ([]Event, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT at, event, detail FROM plan_events WHERE plan = ? ORDER BY seq`, plan)
	if err != nil {
		return nil, fmt.Errorf("reading events of plan %s: %w", plan, err)
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		e, at := Event{Plan: plan}, int64(0)
		if err := rows.Scan(&at, &e.Event, &e.Detail); err != nil {
			return nil, fmt.Errorf("reading events of plan %s: %w", plan, err)
		}
		e.At = time.UnixMicro(at).UTC()
		out = append(out, e)
	}
	return out, rows.Err()
}

// MarkApplied records that a policy was set, with its line of the trail.
func (s *Store) MarkApplied(ctx context.Context, id string, at time.Time, policy *meshv1.TrafficPolicy, detail string) error {
	text, err := protojson.Marshal(policy)
	if err != nil {
		return fmt.Errorf("writing policy of plan %s: %w", id, err)
	}
	return s.mark(ctx, Event{at, id, Applied, detail},
		`UPDATE plans SET applied_at = ?, applied = ? WHERE id = ? AND applied_at IS NULL`, at.UnixMicro(), string(text), id)
}

// MarkRolledBack records that a plan is no longer in force.
func (s *Store) MarkRolledBack(ctx context.Context, id string, at time.Time, detail string) error {
	return s.mark(ctx, Event{at, id, RolledBack, detail},
		`UPDATE plans SET rolled_back_at = ? WHERE id = ? AND applied_at IS NOT NULL AND rolled_back_at IS NULL`, at.UnixMicro(), id)
}

func (s *Store) mark(ctx context.Context, e Event, update string, args ...any) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("marking plan %s as %s: %w", e.Plan, e.Event, err)
	}
	err = errors.Join(updateOne(ctx, tx, update, args), logEvent(ctx, tx, e))
	if err != nil {
		return errors.Join(fmt.Errorf("marking plan %s as %s: %w", e.Plan, e.Event, err), tx.Rollback())
	}
	return tx.Commit()
}

func updateOne(ctx context.Context, tx *sql.Tx, update string, args []any) error {
	result, err := tx.ExecContext(ctx, update, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n != 1 {
		err = ErrNotFound
	}
	return err
}
