package slo

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/exclude"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// store reads the rollups. Windows over six hours take minute buckets for all
// but their last minute, and those over 35 days hour buckets before that.
type store struct {
	conn driver.Conn
}

// Rollup widths, as in the names of the tables.
const (
	fine   = "10s"
	coarse = "1m"
	old    = "1h"
)

// hourly is the length of a window from which its old part comes from hour
// buckets: minute buckets are kept for 40 days.
const hourly = 35 * window.Day

func (s store) counts(ctx context.Context, in Indicator, windows, cuts []Window) ([]Count, error) {
	tiers := map[string][]Window{}
	of := map[string][]int{} // for each of the pieces of a tier, whose it is
	for i, w := range windows {
		early, rest := hours(w)
		minutes, recent := rest.Split()
		for _, t := range []struct {
			width string
			w     Window
		}{{old, early}, {coarse, minutes}, {fine, recent}} {
			for _, piece := range exclude.Rest(t.w, cuts) {
				tiers[t.width], of[t.width] = append(tiers[t.width], piece), append(of[t.width], i)
			}
		}
	}
	var all []tally
	for _, width := range []string{fine, coarse, old} {
		if len(tiers[width]) == 0 {
			continue
		}
		list, err := s.tallies(ctx, in, width, tiers[width])
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			all = append(all, t.gather(of[width], len(windows)))
		}
	}
	return choose(all, len(windows)), nil
}

// hours cuts off the part of a long window that comes from hour buckets. An hour
// is in if it begins in the window and outside of all cuts: what is older than 35
// days begins and is excluded to the hour, not to the minute.
func hours(w Window) (early, rest Window) {
	cut := w.From
	if w.Len() > hourly {
		cut = window.Floor(w.To.Add(-hourly), time.Hour)
	}
	return Window{From: w.From, To: cut}, Window{From: cut, To: w.To}
}

// tallies counts the given windows, per caller and vantage, in the rollup of
// one width.
func (s store) tallies(ctx context.Context, in Indicator, width string, windows []Window) ([]tally, error) {
	span := window.Hull(windows)
	from, to := make([]int64, len(windows)), make([]int64, len(windows))
	for i, w := range windows {
		from[i], to[i] = w.From.Unix(), w.To.Unix()
	}
	q := queryOf(in, width, span)
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
			t.counts = append(t.counts, Count{Good: good[i], Total: total[i]})
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

func (s store) series(ctx context.Context, in Indicator, w Window, width time.Duration) ([]Count, error) {
	table := fine
	if width == window.Coarse {
		table = coarse
	}
	q := queryOf(in, table, w)
	sql := `SELECT src, vantage = 'client', second, sum(good), sum(total) FROM (` + q.sql + `) GROUP BY 1, 2, 3`
	rows, err := s.conn.Query(ctx, sql, q.args...)
	if err != nil {
		return nil, fmt.Errorf("reading the series of service=%s: %w", in.Service, err)
	}
	defer rows.Close()
	n := int(w.Len() / width)
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
		t.counts[(second-w.From.Unix())/int64(width/time.Second)] = c
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

func queryOf(in Indicator, width string, span Window) bucketQuery {
	if in.Latency > 0 {
		return latencyQuery(in, width, span)
	}
	good := numbers(in.Good)
	where, args := whereOf(in, span)
	return bucketQuery{
		`SELECT src, vantage, toInt64(toUnixTimestamp(ts)) AS second, requests AS total,
	if(has(CAST(?, 'Array(Int64)'), toInt64(outcome)), requests, 0) AS good
FROM edge_counts_` + width + where,
		append([]any{good}, args...),
	}
}

// latencyQuery counts by bins: a bin is good if all of it lies at or below the
// bound, which is an edge.
func latencyQuery(in Indicator, width string, span Window) bucketQuery {
	where, args := whereOf(in, span)
	return bucketQuery{
		`SELECT src, vantage, toInt64(toUnixTimestamp(ts)) AS second, arraySum(mapValues(hist)) AS total,
	if(result = 'ok', arraySum(mapValues(mapFilter((bin, n) -> bin <= ?, hist))), 0) AS good
FROM edge_latency_` + width + where + ` AND kind = 'total'`,
		append([]any{int64(record.BinOf(uint32(in.Latency.Microseconds())))}, args...),
	}
}

// where selects the rows of calls into the service from others.
func whereOf(in Indicator, span Window) (string, []any) {
	sql := ` WHERE ts >= toDateTime(?, 'UTC') AND ts < toDateTime(?, 'UTC')
	AND vantage IN ('client', 'server') AND dst_service = ? AND src_service != ?`
	args := []any{span.From.Unix(), span.To.Unix(), in.Service, in.Service}
	if in.Namespace != "" { // of a node id mesh/cluster/namespace/workload
		sql += ` AND splitByChar('/', dst)[3] = ?`
		args = append(args, in.Namespace)
	}
	for _, f := range []struct{ column, value string }{{"route", in.Route}, {"src_service", in.Caller}, {"method", in.Method}} {
		if f.value != "" {
			sql += ` AND ` + f.column + ` = ?`
			args = append(args, f.value)
		}
	}
	if in.Valid != nil {
		sql += ` AND has(CAST(?, 'Array(Int64)'), toInt64(outcome))`
		args = append(args, numbers(in.Valid))
	}
	return sql, args
}

func numbers(outcomes []record.Outcome) []int64 {
	list := make([]int64, len(outcomes))
	for i, o := range outcomes {
		list[i] = int64(o)
	}
	return list
}
