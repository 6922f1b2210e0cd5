package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// message is a delivery that one sender holds.
type message struct {
	id        string
	incident  string
	target    string
	event     string
	body      []byte
	createdAt time.Time
	tries     int  // this one included; the lease is valid as long as it stands in the row
	seen      bool // an earlier try may have reached the receiver
}

// ready selects the messages to a target that may be sent once they are due: a
// resolution waits for its firing to be done with.
const ready = ` FROM deliveries d WHERE d.target = ? AND d.state = 'pending' AND (d.event = 'firing' OR NOT EXISTS (
	SELECT 1 FROM deliveries f WHERE f.incident = d.incident AND f.target = d.target AND f.event = 'firing' AND f.state = 'pending'))`

// claim takes the oldest message to a target that is due and not leased to
// anybody; nil if there is none. The try is counted, and the message taken for
// seen, before it is sent: if this process dies, the next one must believe so.
func (l ledger) claim(ctx context.Context, target string, now time.Time, lease time.Duration) (*message, error) {
	m := &message{target: target}
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		var created int64
		row := tx.QueryRowContext(ctx, `SELECT d.id, d.incident, d.event, d.body, d.created_at, d.tries + 1, d.seen`+ready+`
			AND max(d.due_at, d.lease_until) <= ? ORDER BY d.created_at, d.rowid LIMIT 1`, target, now.UnixMicro())
		if err := row.Scan(&m.id, &m.incident, &m.event, &m.body, &created, &m.tries, &m.seen); err != nil {
			return err
		}
		m.createdAt = fromMicros(created)
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET tries = ?, lease_until = ?, seen = 1 WHERE id = ?`,
			m.tries, now.Add(lease).UnixMicro(), m.id)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("claiming a message target=%s: %w", target, err)
	}
	return m, nil
}

// nextDue returns when the next message to a target may be sent; false if none
// waits.
func (l ledger) nextDue(ctx context.Context, target string) (time.Time, bool, error) {
	var due sql.NullInt64
	err := l.db.QueryRowContext(ctx, `SELECT min(max(d.due_at, d.lease_until))`+ready, target).Scan(&due)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("looking for the next message target=%s: %w", target, err)
	}
	return fromNullable(due), due.Valid, nil
}
