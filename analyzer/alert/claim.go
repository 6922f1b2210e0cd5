package alert

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// message is a delivery that one sender holds.
type message struct {
	id       string
	incident string
	target   string
	event    string
	body     []byte
	since    time.Time // its making, or its replay
	tries    int       // this one included; the lease is valid as long as it stands in the row
	seen     bool      // an earlier try may have reached the receiver
}

// ready selects the messages to a target that may be sent once they are due: a
// resolution waits for its firing to be done with, and what another message
// carries does not go by itself.
const ready = ` FROM deliveries d WHERE d.target = ? AND d.state = 'pending' AND d.carrier = '' AND (d.event = 'firing' OR NOT EXISTS (
	SELECT 1 FROM deliveries f WHERE f.incident = d.incident AND f.target = d.target AND f.event = 'firing' AND f.state = 'pending'))`

// due tells what may be sent: its time has come and
// no sender of this epoch holds it. What was last written after now was
// written before the clock went back, so its times mean nothing.
const due = ` AND (d.touched_at > ? OR d.due_at <= ? AND (d.lease_until <= ? OR d.epoch <> ?))`

// claim takes the oldest messages to a target that are due and not leased to
// anybody, at most a number of them. The tries are counted, and the messages
// taken for seen, before they are sent: if this process dies, the next one must
// believe so.
func (l ledger) claim(ctx context.Context, target string, now time.Time, lease time.Duration, most int) ([]*message, error) {
	var list []*message
	err := l.fenced(ctx, func(tx *sql.Tx) error {
		var err error
		if list, err = l.dueTo(ctx, tx, target, now, most); err != nil {
			return err
		}
		for _, m := range list {
			_, err := tx.ExecContext(ctx, `UPDATE deliveries SET tries = ?, lease_until = ?, epoch = ?, seen = 1, touched_at = ? WHERE id = ?`,
				m.tries, now.Add(lease).UnixMicro(), l.epoch, now.UnixMicro(), m.id)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claiming messages target=%s: %w", target, err)
	}
	return list, nil
}

func (l ledger) dueTo(ctx context.Context, tx *sql.Tx, target string, now time.Time, most int) ([]*message, error) {
	us := now.UnixMicro()
	rows, err := tx.QueryContext(ctx, `SELECT d.id, d.incident, d.event, d.body, d.since, d.tries + 1, d.seen`+ready+due+`
		ORDER BY d.seq, d.created_at, d.event LIMIT ?`, target, us, us, us, l.epoch, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*message
	for rows.Next() {
		m := &message{target: target}
		var since int64
		if err := rows.Scan(&m.id, &m.incident, &m.event, &m.body, &since, &m.tries, &m.seen); err != nil {
			return nil, err
		}
		m.since = fromMicros(since)
		list = append(list, m)
	}
	return list, rows.Err()
}

// nextDue returns when the next message to a target may be sent; false if none
// waits.
func (l ledger) nextDue(ctx context.Context, target string) (time.Time, bool, error) {
	var at sql.NullInt64
	err := l.db.QueryRowContext(ctx, `SELECT min(CASE WHEN d.lease_until > d.due_at AND d.epoch = ? THEN d.lease_until ELSE d.due_at END)`+ready,
		l.epoch, target).Scan(&at)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("looking for the next message target=%s: %w", target, err)
	}
	return fromNullable(at), at.Valid, nil
}
