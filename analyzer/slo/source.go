package slo

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// store reads the rollups. Windows over six hours take minute buckets for all
// but their last minute.
type store struct {
	conn driver.Conn
}

// Rollup widths, as in the names of the tables.
const (
	fine   = "10s"
	coarse = "1m"
)

func (s store) counts(ctx context.Context, in Indicator, windows []Window) ([]Count, error) {
	fineParts, coarseParts := make([]Window, len(windows)), make([]Window, len(windows))
	deep := false
	for i, w := range windows {
		coarseParts[i], fineParts[i] = w.Split()
		deep = deep || !coarseParts[i].Empty()
	}
	tallies, err := s.tallies(ctx, in, fine, fineParts)
	if err != nil || !deep {
		return choose(tallies, len(windows)), err
	}
	older, err := s.tallies(ctx, in, coarse, coarseParts)
	return choose(append(tallies, older...), len(windows)), err
}

// tallies counts the given windows, per caller and vantage, in the rollup of
// one width.
func (s store) tallies(ctx context.Context, in Indicator, width string, windows []Window) ([]tally, error) {
	span := window.Hull(windows)
	from, to := make([]int64, len(windows)), make([]int64, len(windows))
	for i, w := range windows {
		from[i], to[i] = w.From.Unix(), w.To.Unix()
	}
	q := in.query(width, span)
	sql := `SELECT src, vantage = 'client',
	sumForEach(arrayMap((f, t) -> if(second >= f AND second < t, good, 0), CAST(?, 'Array(Int64)'), CAST(?, 'Array(Int64)'))),
	sumForEach(arrayMap((f, t) -> if(second >= f AND second < t, total, 0), CAST(?, 'Array(Int64)'), CAST(?, 'Array(Int64)')))
FROM (` + q.sql + `) GROUP BY 1, 2`
	rows, err := s.conn.Query(ctx, sql, append([]any{from, to, from, to}, q.args...)...)
	if err != nil {
		return nil, fmt.Errorf("counting requests of service=%s: %w", in.Service, err)
	}
	defer rows.Close()
	var list []tally
	for rows.Next() {
		var t tally
		var good, total []uint64
		if err := rows.Scan(&t.src, &t.client, &good, &total); err != nil {
			return nil, fmt.Errorf("reading counts of service=%s: %w", in.Service, err)
		}
		for i := range total {
			t.counts = append(t.counts, Count{good[i], total[i]})
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

func (s store) series(ctx context.Context, in Indicator, w Window) ([]Count, error) {
	q := in.query(fine, w)
	sql := `SELECT src, vantage = 'client', second, sum(good), sum(total) FROM (` + q.sql + `) GROUP BY 1, 2, 3`
	rows, err := s.conn.Query(ctx, sql, q.args...)
	if err != nil {
		return nil, fmt.Errorf("reading the series of service=%s: %w", in.Service, err)
	}
	defer rows.Close()
	n := int(w.Len() / Grid)
	bySource := map[tallyKey]*tally{}
	for rows.Next() {
		var key tallyKey
		var second int64
		var c Count
		if err := rows.Scan(&key.src, &key.client, &second, &c.Good, &c.Total); err != nil {
			return nil, fmt.Errorf("reading the series of service=%s: %w", in.Service, err)
		}
		t := bySource[key]
		if t == nil {
			t = &tally{key.src, key.client, make([]Count, n)}
			bySource[key] = t
		}
		t.counts[(second-w.From.Unix())/int64(Grid/time.Second)] = c
	}
	var list []tally
	for _, t := range bySource {
		list = append(list, *t)
	}
	return choose(list, n), rows.Err()
}

type tallyKey struct {
	src    string
	client bool
}

// bucketQuery selects (src, vantage, second, good, total) of an indicator, one
// row per part of a bucket.
type bucketQuery struct {
	sql  string
	args []any
}

func (in Indicator) query(width string, span Window) bucketQuery {
	if in.Latency > 0 {
		return in.latencyQuery(width, span)
	}
	good := make([]int64, len(in.Good))
	for i, o := range in.Good {
		good[i] = int64(o)
	}
	where, args := in.where(span)
	return bucketQuery{
		`SELECT src, vantage, toInt64(toUnixTimestamp(ts)) AS second, requests AS total,
	if(has(CAST(?, 'Array(Int64)'), toInt64(outcome)), requests, 0) AS good
FROM edge_counts_` + width + where,
		append([]any{good}, args...),
	}
}

// latencyQuery counts by bins: a bin is good if all of it lies at or below the
// bound, which is an edge.
func (in Indicator) latencyQuery(width string, span Window) bucketQuery {
	where, args := in.where(span)
	return bucketQuery{
		`SELECT src, vantage, toInt64(toUnixTimestamp(ts)) AS second, arraySum(mapValues(hist)) AS total,
	if(result = 'ok', arraySum(mapValues(mapFilter((bin, n) -> bin <= ?, hist))), 0) AS good
FROM edge_latency_` + width + where + ` AND kind = 'total'`,
		append([]any{int64(record.BinOf(uint32(in.Latency.Microseconds())))}, args...),
	}
}

// where selects the rows of calls into the service from others.
func (in Indicator) where(span Window) (string, []any) {
	sql := ` WHERE ts >= toDateTime(?, 'UTC') AND ts < toDateTime(?, 'UTC')
	AND vantage IN ('client', 'server') AND dst_service = ? AND src_service != ?`
	args := []any{span.From.Unix(), span.To.Unix(), in.Service, in.Service}
	if in.Namespace != "" { // of a node id mesh/cluster/namespace/workload
		sql += ` AND splitByChar('/', dst)[3] = ?`
		args = append(args, in.Namespace)
	}
	if in.Route != "" {
		sql += ` AND route = ?`
		args = append(args, in.Route)
	}
	return sql, args
}
