package query

import (
	"context"
	"database/sql"
	"errors"
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
	At         time.Time // zero: no heartbeat is known, see Reason
	Collectors []string  // the live ones
	Silent     []string  // those that reported within the last hour, but not within Live
	Reason     string    // why At stands still or is zero; "" while a collector is live
}

// Live tells whether a collector vouches for the mark now. Without one the
// mark stands still, and what happened since is unknown rather than nothing.
func (m Mark) Live() bool { return len(m.Collectors) > 0 }

// Watermark returns the watermark as of now: the least complete_through of
// the live collectors minus Margin. A collector that falls silent while
// others report drops out after Live: it no longer holds the mark back, and
// the rows of its proxies are missing from then on (Silent names it).
//
// Without a live collector the mark stands where it stood when the last one
// dropped out, so that what is stored can still be read, and Reason says since
// when. Only if there is no heartbeat at all is it zero. Heartbeats after now
// are not looked at, so an evaluation of the past gives what it gave then.
func Watermark(ctx context.Context, conn driver.Conn, now time.Time) (Mark, error) {
	beats, err := lastBeats(ctx, conn, now)
	if err == nil && len(beats) == 0 {
		var last *beat
		if last, err = lastBeat(ctx, conn, now); last != nil {
			return standing(*last, now), nil
		}
	}
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

// lastBeat returns the very last heartbeat of any collector, nil if none is
// kept. It is looked for only where none reported lately.
func lastBeat(ctx context.Context, conn driver.Conn, now time.Time) (*beat, error) {
	var b beat
	err := conn.QueryRow(ctx, `
		SELECT collector, ts, complete_through FROM heartbeats
		WHERE proxy = '' AND ts <= fromUnixTimestamp64Micro(?, 'UTC')
		ORDER BY ts DESC LIMIT 1`, now.UnixMicro()).Scan(&b.collector, &b.at, &b.completeThrough)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &b, err
}

// watermark applies the rule to the last heartbeat of each collector.
func watermark(beats []beat, now time.Time) Mark {
	if len(beats) == 0 {
		return Mark{Reason: "no collector has ever reported to this store, or none for days"}
	}
	var w Mark
	last := beats[0]
	for _, b := range beats {
		if b.at.After(last.at) {
			last = b
		}
		if b.at.Before(now.Add(-Live)) {
			w.Silent = append(w.Silent, b.collector)
			continue
		}
		w.Collectors = append(w.Collectors, b.collector)
		if through := b.mark(); w.At.IsZero() || through.Before(w.At) {
			w.At = through
		}
	}
	if !w.Live() {
		silent := w.Silent
		w = standing(last, now)
		w.Silent = silent
	}
	return w
}

// standing is the mark that the last collector left behind.
func standing(last beat, now time.Time) Mark {
	at := last.mark()
	return Mark{At: at, Reason: fmt.Sprintf("no collector has reported for %s; rows end at %s",
		now.Sub(last.at).Round(time.Second), at.UTC().Format("2006-01-02 15:04:05 UTC"))}
}

// mark is the watermark of this collector alone.
func (b beat) mark() time.Time { return b.completeThrough.Add(-Margin) }
