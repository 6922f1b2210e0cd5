package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// series is one run of one collector, which counts from zero.
type series struct {
	collector string
	started   int64 // µs since 1970, 0 if not known
}

// received is what all collectors counted of one proxy: the counts of their
// runs add up, since each entry reaches one of them.
type received map[series][]sample

// bounds returns how many entries were received until t: at least, at most,
// and in a straight line between the heartbeats around t. Before it started a
// run had none, after its last heartbeat it gets no more.
func (r received) bounds(t time.Time) (low, between, high float64) {
	for run, beats := range r {
		if run.started != 0 && t.UnixMicro() < run.started {
			continue
		}
		l, b, h := around(beats, t)
		low, between, high = low+l, between+b, high+h
	}
	return low, between, high
}

func around(beats []sample, t time.Time) (low, between, high float64) {
	var before *sample
	for i := range beats {
		b := &beats[i]
		if b.at.After(t) {
			if before == nil {
				return 0, 0, b.last
			}
			share := float64(t.Sub(before.at)) / float64(b.at.Sub(before.at))
			return before.last, before.last + share*(b.last-before.last), b.last
		}
		before = b
		if b.at.Equal(t) {
			return b.last, b.last, b.last
		}
	}
	if before == nil {
		return 0, 0, 0
	}
	return before.last, before.last, before.last
}

// readReceived reads what heartbeats count by proxy. The sum of requests,
// tries, interim entries and flows is that of all entries that were read.
func readReceived(ctx context.Context, conn driver.Conn, from, to time.Time) (map[string]received, error) {
	type row struct {
		proxy string
		of    series
		sample
	}
	rows, err := list(ctx, conn, `
		SELECT proxy, collector, toUnixTimestamp64Micro(started), max(ts), max(requests + attempts + interim + flows)
		FROM heartbeats
		WHERE proxy != '' AND ts >= fromUnixTimestamp64Micro(?, 'UTC') AND ts <= fromUnixTimestamp64Micro(?, 'UTC')
		GROUP BY proxy, collector, started, `+thin(from, to)+`
		ORDER BY proxy, collector, started, max(ts)`,
		func(rows driver.Rows) (r row, err error) {
			var n uint64
			err = rows.Scan(&r.proxy, &r.of.collector, &r.of.started, &r.at, &n)
			r.top, r.last = float64(n), float64(n)
			return r, err
		}, from.Add(-memory).UnixMicro(), to.Add(edge).UnixMicro())
	if err != nil {
		return nil, err
	}
	out := map[string]received{}
	for _, r := range rows {
		if out[r.proxy] == nil {
			out[r.proxy] = received{}
		}
		out[r.proxy][r.of] = append(out[r.proxy][r.of], r.sample)
	}
	return out, nil
}
