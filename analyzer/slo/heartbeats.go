package slo

import (
	"context"
	"fmt"
	"time"
)

// sight reads the heartbeats of collectors (those without a proxy).
func (s store) sight(ctx context.Context, w Window) (Sight, error) {
	first, err := s.firstHeartbeat(ctx)
	if err != nil || first.IsZero() {
		return Sight{}, err
	}
	rows, err := s.conn.Query(ctx, `SELECT DISTINCT intDiv(toInt64(toUnixTimestamp(ts)), ?) AS bucket FROM heartbeats
WHERE proxy = '' AND ts >= toDateTime(?, 'UTC') AND ts < toDateTime(?, 'UTC') ORDER BY bucket`,
		int64(Grid/time.Second), w.From.Unix(), w.To.Unix())
	if err != nil {
		return Sight{}, fmt.Errorf("reading heartbeats: %w", err)
	}
	defer rows.Close()
	var buckets []time.Time
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return Sight{}, fmt.Errorf("reading heartbeats: %w", err)
		}
		buckets = append(buckets, time.Unix(n*int64(Grid/time.Second), 0).UTC())
	}
	return newSight(w, first, buckets), rows.Err()
}

func (s store) firstHeartbeat(ctx context.Context) (time.Time, error) {
	var n uint64
	var first time.Time
	err := s.conn.QueryRow(ctx, `SELECT count(), min(ts) FROM heartbeats WHERE proxy = ''`).Scan(&n, &first)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the first heartbeat: %w", err)
	}
	if n == 0 {
		return time.Time{}, nil
	}
	return first.UTC(), nil
}
