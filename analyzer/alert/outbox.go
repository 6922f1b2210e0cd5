package alert

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Events of an incident that a target is told of.
const (
	firing   = "firing"
	resolved = "resolved"
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

// enqueue writes a message to one target. For a disabled target it is dead at
// once.
func enqueue(ctx context.Context, tx *sql.Tx, incident, target, event string, at time.Time, say body) error {
	content, err := say(target)
	if err != nil {
		return fmt.Errorf("writing message incident=%s target=%s: %w", incident, target, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO deliveries (id, incident, target, event, body, created_at, due_at, state, last_error)
		SELECT ?, ?, ?, ?, ?, ?, ?, iif(off, 'dead', 'pending'), iif(off, ?, '')
		FROM (SELECT EXISTS (SELECT 1 FROM targets WHERE name = ? AND disabled_at IS NOT NULL) AS off)`,
		newID("msg_"), incident, target, event, content, at.UnixMicro(), at.UnixMicro(), goneText, target)
	if err != nil {
		return fmt.Errorf("queueing message incident=%s target=%s: %w", incident, target, err)
	}
	return nil
}

// collapse skips what is pending for one incident and target if the firing was
// never sent, or was refused: then the receiver cannot have seen it, and has
// nothing to resolve. A firing that is on its way counts as seen.
func collapse(ctx context.Context, tx *sql.Tx, incident, target string) error {
	_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'skipped', last_error = 'the receiver never saw it fire'
		WHERE incident = ?1 AND target = ?2 AND state = 'pending'
		AND EXISTS (SELECT 1 FROM deliveries f WHERE f.incident = ?1 AND f.target = ?2 AND f.event = 'firing'
			AND f.seen = 0 AND f.state <> 'delivered')
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
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.Name
	}
	list, err := json.Marshal(names)
	if err != nil {
		return fmt.Errorf("listing targets: %w", err)
	}
	return l.inTx(ctx, func(tx *sql.Tx) error {
		for _, t := range targets {
			_, err := tx.ExecContext(ctx, `INSERT INTO targets (name, url) VALUES (?, ?)
				ON CONFLICT (name) DO UPDATE SET url = excluded.url, disabled_at = iif(url = excluded.url, disabled_at, NULL)`, t.Name, t.URL)
			if err != nil {
				return fmt.Errorf("adopting target=%s: %w", t.Name, err)
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'dead', last_error = 'the target is no longer configured'
			WHERE state = 'pending' AND target NOT IN (SELECT value FROM json_each(?))`, string(list))
		if err != nil {
			return fmt.Errorf("dropping messages without a target: %w", err)
		}
		return nil
	})
}
