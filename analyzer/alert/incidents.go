package alert

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// ledger reads and writes incidents and the outbox.
type ledger struct {
	db *sql.DB
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

const incidentColumns = `id, slo, service, severity, fired_at, window_from, calm_since, resolved_at`

// incidentKey finds the open incident of a rule.
type incidentKey struct {
	slo, severity string
}

// open returns the incidents that fire.
func (l ledger) open(ctx context.Context) (map[incidentKey]*Incident, error) {
	list, err := readIncidents(ctx, l.db, `WHERE state = 'firing'`)
	if err != nil {
		return nil, err
	}
	byKey := map[incidentKey]*Incident{}
	for i, in := range list {
		byKey[incidentKey{in.SLO, in.Severity}] = &list[i]
	}
	return byKey, nil
}

// readIncidents selects incidents by the rest of a query.
func readIncidents(ctx context.Context, q querier, rest string, args ...any) ([]Incident, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+incidentColumns+` FROM incidents `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	defer rows.Close()
	var list []Incident
	for rows.Next() {
		var in Incident
		var fired, from int64
		var calm, resolved sql.NullInt64
		if err := rows.Scan(&in.ID, &in.SLO, &in.Service, &in.Severity, &fired, &from, &calm, &resolved); err != nil {
			return nil, fmt.Errorf("reading incidents: %w", err)
		}
		in.FiredAt, in.WindowFrom = fromMicros(fired), fromMicros(from)
		in.CalmSince, in.ResolvedAt = fromNullable(calm), fromNullable(resolved)
		list = append(list, in)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading incidents: %w", err)
	}
	return list, nil
}

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

func fromNullable(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return fromMicros(us.Int64)
}

// nullable is NULL for the zero time.
func nullable(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

// inTx runs a function in one transaction.
func (l ledger) inTx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning transaction: %w", err)
	}
	defer tx.Rollback() // without effect after a commit
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing transaction: %w", err)
	}
	return nil
}
