package query

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// RollupMinute is a minute in which rows and rollup count differently.
type RollupMinute struct {
	At            time.Time
	Raw, RolledUp uint64
}

// Rollup compares requests with edge_counts_1m.
type Rollup struct {
	Raw, RolledUp uint64
	Differing     []RollupMinute // in the order of time
}

// CompareRollup counts the requests of each minute of [from, to), both whole
// minutes, by their rows and by the rollup. Where the store keeps a share of
// the rows, see RequestsShare, the two differ by intent.
func CompareRollup(ctx context.Context, conn driver.Conn, from, to time.Time) (Rollup, error) {
	var r Rollup
	minutes, err := list(ctx, conn, `
		SELECT minute, sum(raw), sum(rolled) FROM (
			SELECT toStartOfMinute(toDateTime(ts, 'UTC')) AS minute, count() AS raw, toUInt64(0) AS rolled FROM requests
			WHERE ts >= fromUnixTimestamp64Micro(?, 'UTC') AND ts < fromUnixTimestamp64Micro(?, 'UTC') GROUP BY minute
			UNION ALL
			SELECT ts, toUInt64(0), sum(requests) FROM edge_counts_1m
			WHERE ts >= fromUnixTimestamp(?) AND ts < fromUnixTimestamp(?) GROUP BY ts)
		GROUP BY minute ORDER BY minute`,
		func(rows driver.Rows) (m RollupMinute, err error) { return m, rows.Scan(&m.At, &m.Raw, &m.RolledUp) },
		from.UnixMicro(), to.UnixMicro(), from.Unix(), to.Unix())
	if err != nil {
		return r, fmt.Errorf("comparing requests with edge_counts_1m: %w", err)
	}
	for _, m := range minutes {
		r.Raw, r.RolledUp = r.Raw+m.Raw, r.RolledUp+m.RolledUp
		if m.Raw != m.RolledUp {
			r.Differing = append(r.Differing, m)
		}
	}
	return r, nil
}

// shareClause is what the view of requests holds where it keeps a share.
var shareClause = regexp.MustCompile(`% 1000000\) < (\d+)`)

// RequestsShare returns the share of calls whose requests are kept, 0 to 1.
func RequestsShare(ctx context.Context, conn driver.Conn) (float64, error) {
	var view string
	err := conn.QueryRow(ctx, `SELECT as_select FROM system.tables
		WHERE database = currentDatabase() AND name = 'requests_view'`).Scan(&view)
	if err != nil {
		return 0, fmt.Errorf("reading the share of requests that is kept: %w", err)
	}
	m := shareClause.FindStringSubmatch(view)
	if m == nil {
		return 1, nil
	}
	millionths, err := strconv.ParseUint(m[1], 10, 32)
	if err != nil {
		return 0, fmt.Errorf("reading the share of requests that is kept: %w", err)
	}
	return float64(millionths) / 1e6, nil
}
