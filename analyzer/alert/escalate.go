package alert

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// escalate tells the second target of pages that the first has not taken in
// time, or refused. It returns how many.
func (l ledger) escalate(ctx context.Context, r router, now time.Time) (int, error) {
	count := 0
	for _, t := range r.targets {
		if t.Escalate == nil {
			continue
		}
		to, ok := r.byName(t.Escalate.To)
		if !ok {
			continue
		}
		n, err := l.escalateFrom(ctx, t, to, now)
		count += n
		if err != nil {
			return count, fmt.Errorf("escalating target=%s to=%s: %w", t.Name, to.Name, err)
		}
	}
	return count, nil
}

func (l ledger) escalateFrom(ctx context.Context, t, to Target, now time.Time) (int, error) {
	count := 0
	err := l.fenced(ctx, func(tx *sql.Tx) error {
		list, err := readIncidents(ctx, tx, `WHERE state = 'firing' AND severity = ? AND id IN (
				SELECT d.incident FROM deliveries d WHERE d.target = ? AND d.event = 'firing' AND (d.state = 'dead' OR d.state = 'pending' AND d.since <= ?))
			AND id NOT IN (SELECT e.incident FROM deliveries e WHERE e.target = ? AND e.event = 'firing') ORDER BY fired_at, id`,
			slo.Page, t.Name, now.Add(-t.Escalate.after()).UnixMicro(), to.Name)
		if err != nil {
			return err
		}
		for _, in := range list {
			n := in.notice()
			n.Annotations = map[string]string{}
			for k, v := range in.Notes {
				n.Annotations[k] = v
			}
			n.Annotations["escalated_from"] = t.Name
			if err := enqueue(ctx, tx, to, n, now); err != nil {
				return err
			}
		}
		count = len(list)
		return nil
	})
	return count, err
}
