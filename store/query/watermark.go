package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// The rule of the watermark.
const (
	// Live is how long a collector counts after its last heartbeat.
	Live = 30 * time.Second
	// Margin is what the watermark stays behind the slowest collector: proxies
	// hand over their rows up to a second after the end of a request.
	Margin = 5 * time.Second
	// lookback bounds how far a collector that went silent is looked for.
	lookback = time.Hour
)

// Mark says up to which completion time the rows of the store are
// complete.
type Mark struct {
	At         time.Time // zero: unknown, see Reason
	Collectors []string  // the live ones
	Silent     []string  // those that reported within the last hour, but not within Live
	Reason     string    // why At is zero
}

// Watermark returns the watermark as of now: the least complete_through of
// the live collectors minus Margin. Without a live collector it is zero and
// Reason says so. Heartbeats after now are not looked at, so an evaluation of
// the past gives what it gave then.
func Watermark(ctx context.Context, conn driver.Conn, now time.Time) (Mark, error) {
	beats, err := lastBeats(ctx, conn, now)
	if err != nil {
		return Mark{}, fmt.Errorf("reading the watermark as of %s: %w", now.UTC().Format(time.RFC3339Nano), err)
	}
	return watermark(beats, now), nil
}

// beat is the last heartbeat of a collector.
type beat struct {
	collector       string
	at              time.Time
	completeThrough time.Time
}

func lastBeats(ctx context.Context, conn driver.Conn, now time.Time) ([]beat, error) {
	rows, err := conn.Query(ctx, `
		SELECT collector, max(ts), max(complete_through) FROM heartbeats
		WHERE proxy = '' AND ts > fromUnixTimestamp64Micro(?, 'UTC') AND ts <= fromUnixTimestamp64Micro(?, 'UTC')
		GROUP BY collector ORDER BY collector`, now.Add(-lookback).UnixMicro(), now.UnixMicro())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []beat
	for rows.Next() {
		var b beat
		if err := rows.Scan(&b.collector, &b.at, &b.completeThrough); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

func watermark(beats []beat, now time.Time) Mark {
	var w Mark
	for _, b := range beats {
		if b.at.Before(now.Add(-Live)) {
			w.Silent = append(w.Silent, b.collector)
			continue
		}
		w.Collectors = append(w.Collectors, b.collector)
		if through := b.completeThrough.Add(-Margin); w.At.IsZero() || through.Before(w.At) {
			w.At = through
		}
	}
	if len(w.Collectors) == 0 {
		w.Reason = reason(beats, now)
	}
	return w
}

func reason(beats []beat, now time.Time) string {
	if len(beats) == 0 {
		return fmt.Sprintf("no collector has reported within the last %s", lookback)
	}
	last := beats[0]
	for _, b := range beats[1:] {
		if b.at.After(last.at) {
			last = b
		}
	}
	return fmt.Sprintf("no live collector: the last heartbeat came from %s %s ago, a live one reports at least every %s",
		last.collector, now.Sub(last.at).Round(time.Second), Live)
}
