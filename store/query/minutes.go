package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// EdgeMinute is what one vantage counted on one edge within one minute.
type EdgeMinute struct {
	Src, Dst string
	Vantage  string
	At       time.Time // start of the minute
	Requests uint64
	Failed   uint64 // record.Outcome.Failed
	// Quantiles of the duration: the bins that hold the values of rank ⌈n·q⌉,
	// which Bounds turns into microseconds.
	P50, P90, P99 record.Bin
}

// edgeMinutes needs nothing but the histograms of the durations: every request
// is in exactly one bin, so their sums are the counts. The subcolumns spare
// the server to build maps.
const edgeMinutes = `
SELECT src, dst, toString(vantage), ts,
	sum(arraySum(hist.values)), sumIf(arraySum(hist.values), result = 'failed'),
	quantilesExactWeightedArray(0.5, 0.9, 0.99)(hist.keys, hist.values)
FROM edge_latency_1m
WHERE kind = 'total' AND ts >= fromUnixTimestamp(?) AND ts < fromUnixTimestamp(?)
GROUP BY src, dst, vantage, ts
ORDER BY src, dst, vantage, ts`

// EdgeMinutes returns counts and quantiles of every edge for each minute of
// [from, to), both whole minutes, in the order of callers, callees, vantages
// and time. Minutes without requests are left out. Rows of different vantages
// describe the same traffic and do not add up.
func EdgeMinutes(ctx context.Context, conn driver.Conn, from, to time.Time) ([]EdgeMinute, error) {
	for _, at := range []time.Time{from, to} {
		if !at.Equal(at.Truncate(time.Minute)) {
			return nil, fmt.Errorf("reading minutes of edges: %s is not a whole minute", at.UTC().Format(time.RFC3339Nano))
		}
	}
	out, err := list(ctx, conn, edgeMinutes, func(rows driver.Rows) (m EdgeMinute, err error) {
		var bins []int16
		if err := rows.Scan(&m.Src, &m.Dst, &m.Vantage, &m.At, &m.Requests, &m.Failed, &bins); err != nil {
			return m, err
		}
		m.P50, m.P90, m.P99 = record.Bin(bins[0]), record.Bin(bins[1]), record.Bin(bins[2])
		return m, nil
	}, from.Unix(), to.Unix())
	if err != nil {
		return nil, fmt.Errorf("reading minutes of edges: %w", err)
	}
	return out, nil
}
