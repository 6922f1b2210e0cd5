package alert

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert/format"
)

// Events of an incident that a target is told of.
const (
	firing   = format.Firing
	resolved = format.Resolved
)

// States of a delivery.
const (
	pending   = "pending"
	delivered = "delivered"
	dead      = "dead"    // given up: refused, expired or without a target
	skipped   = "skipped" // not worth sending: the receiver never saw the firing
)

// newID returns an id that nobody can guess.
func newID(prefix string) string { return prefix + rand.Text() }

// enqueue writes a message of one incident to one target. For a disabled target
// it is dead at once.
func enqueue(ctx context.Context, tx *sql.Tx, t Target, n format.Notice, at time.Time) error {
	id := newID("msg_")
	body, err := t.Format.Write(id, t.Name, []format.Notice{n})
	if err != nil {
		return fmt.Errorf("writing message incident=%s target=%s: %w", n.Incident, t.Name, err)
	}
	return insert(ctx, tx, id, "", t.Name, n, body, at)
}

// enqueueGroup writes one message that several incidents fire, and for each of
// them the row of a delivery: the first carries the body, the others share its
// fate.
func enqueueGroup(ctx context.Context, tx *sql.Tx, t Target, list []Incident) error {
	carrier := newID("msg_")
	notices := make([]format.Notice, len(list))
	for i, in := range list {
		notices[i] = in.notice()
	}
	body, err := t.Format.Write(carrier, t.Name, notices)
	if err != nil {
		return fmt.Errorf("writing message service=%s target=%s: %w", list[0].Service, t.Name, err)
	}
	if err := insert(ctx, tx, carrier, "", t.Name, notices[0], body, list[0].FiredAt); err != nil {
		return err
	}
	for i, n := range notices[1:] {
		if err := insert(ctx, tx, newID("msg_"), carrier, t.Name, n, nil, list[i+1].FiredAt); err != nil {
			return err
		}
	}
	return nil
}

// insert writes the row of a delivery.
func insert(ctx context.Context, tx *sql.Tx, id, carrier, target string, n format.Notice, body []byte, at time.Time) error {
	var off int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM targets WHERE name = ? AND disabled_at IS NOT NULL`, target).Scan(&off)
	if err != nil {
		return fmt.Errorf("looking up target=%s: %w", target, err)
	}
	status, reason := pending, ""
	if off > 0 {
		status, reason = dead, goneText
	}
	if body == nil {
		body = []byte{}
	}
	us := at.UnixMicro()
	_, err = tx.ExecContext(ctx, `INSERT INTO deliveries
		(seq, id, carrier, incident, target, event, body, created_at, since, due_at, touched_at, state, last_error)
		VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM deliveries), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, carrier, n.Incident, target, n.Event, body, us, us, us, us, status, reason)
	if err != nil {
		return fmt.Errorf("queueing message incident=%s target=%s: %w", n.Incident, target, err)
	}
	return nil
}

// collapse skips what is pending for one incident and target if the firing was
// never sent, or was refused: then the receiver cannot have seen it, and has
// nothing to resolve. A firing that is on its way counts as seen, and one that a
// message shares with others goes out.
func collapse(ctx context.Context, tx *sql.Tx, incident, target string) error {
	_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'skipped', last_error = 'the receiver never saw it fire'
		WHERE incident = ?1 AND target = ?2 AND state = 'pending'
		AND EXISTS (SELECT 1 FROM deliveries f WHERE f.incident = ?1 AND f.target = ?2 AND f.event = 'firing'
			AND f.seen = 0 AND f.state <> 'delivered' AND (f.state = 'dead' OR f.carrier = ''
				AND NOT EXISTS (SELECT 1 FROM deliveries c WHERE c.carrier = f.id)))
		AND EXISTS (SELECT 1 FROM deliveries r WHERE r.incident = ?1 AND r.target = ?2 AND r.event = 'resolved')`,
		incident, target)
	if err != nil {
		return fmt.Errorf("collapsing messages incident=%s target=%s: %w", incident, target, err)
	}
	return nil
}

// adopt makes the outbox know the configured targets: one with a new URL is
// enabled again, and messages to one that is gone from the configuration are
// dead.
func (l ledger) adopt(ctx context.Context, targets []Target) error {
	configured := map[string]bool{}
	for _, t := range targets {
		configured[t.Name] = true
	}
	return l.fenced(ctx, func(tx *sql.Tx) error {
		for _, t := range targets {
			_, err := tx.ExecContext(ctx, `INSERT INTO targets (name, url) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET
				disabled_at = CASE WHEN targets.url = excluded.url THEN targets.disabled_at END, url = excluded.url`, t.Name, t.address())
			if err != nil {
				return fmt.Errorf("adopting target=%s: %w", t.Name, err)
			}
		}
		waiting, err := texts(ctx, tx, `SELECT DISTINCT target FROM deliveries WHERE state = 'pending'`)
		if err != nil {
			return err
		}
		for _, name := range waiting {
			if configured[name] {
				continue
			}
			_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'dead', last_error = 'the target is no longer configured'
				WHERE state = 'pending' AND target = ?`, name)
			if err != nil {
				return fmt.Errorf("dropping messages target=%s: %w", name, err)
			}
		}
		return nil
	})
}
