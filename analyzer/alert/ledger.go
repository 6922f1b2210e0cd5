package alert

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/state"
)

// ledger reads and writes incidents, silences and the outbox, as the leader of
// one epoch.
type ledger struct {
	db    *sql.DB
	epoch int64
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
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

// fenced runs a function in one transaction that fails with errDeposed if the
// epoch is over, and that nobody can take over before its end.
func (l ledger) fenced(ctx context.Context, do func(*sql.Tx) error) error {
	query := `SELECT epoch FROM leaders WHERE name = 'alert'`
	if state.Shared(l.db) {
		query += ` FOR SHARE` // SQLite has one writer anyhow
	}
	return l.inTx(ctx, func(tx *sql.Tx) error {
		var epoch int64
		if err := tx.QueryRowContext(ctx, query).Scan(&epoch); err != nil {
			return fmt.Errorf("reading the leader's epoch: %w", err)
		}
		if epoch != l.epoch {
			return errDeposed
		}
		return do(tx)
	})
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
