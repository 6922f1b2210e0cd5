package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// BlindInterval is a time in which a collector said nothing for longer than Live: what
// its proxies did meanwhile is not known.
type BlindInterval struct {
	Collector string
	From, To  time.Time // its heartbeats around; To is the end of the window while Open
	Open      bool      // it has not come back within the window
}

// BlindIntervals returns the blind times that touch [from, to), in the order of
// collectors and time. A collector takes part if it reported within the window
// or the hour before; one that comes new is not blind before.
func BlindIntervals(ctx context.Context, conn driver.Conn, from, to time.Time) ([]BlindInterval, error) {
	gaps, err := list(ctx, conn, `
		SELECT collector, before, at FROM (
			SELECT collector, ts AS at, lagInFrame(ts, 1, ts) OVER
				(PARTITION BY collector ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
			FROM heartbeats
			WHERE proxy = '' AND ts >= fromUnixTimestamp64Micro(?, 'UTC') AND ts <= fromUnixTimestamp64Micro(?, 'UTC'))
		WHERE at > before + INTERVAL ? SECOND
		UNION ALL
		SELECT collector, max(ts), fromUnixTimestamp64Micro(0, 'UTC') FROM heartbeats
		WHERE proxy = '' AND ts >= fromUnixTimestamp64Micro(?, 'UTC') AND ts <= fromUnixTimestamp64Micro(?, 'UTC')
		GROUP BY collector`,
		func(rows driver.Rows) (b BlindInterval, err error) {
			err = rows.Scan(&b.Collector, &b.From, &b.To)
			b.Open = b.To.UnixMicro() == 0
			return b, err
		}, from.Add(-memory).UnixMicro(), to.UnixMicro(), int(Live/time.Second), from.Add(-memory).UnixMicro(), to.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("reading blind times of collectors: %w", err)
	}
	return blind(gaps, from, to), nil
}

// blind keeps what touches the window, in order. An open gap is each collector's last
// heartbeat, whether or not it was long ago.
func blind(gaps []BlindInterval, from, to time.Time) []BlindInterval {
	var out []BlindInterval
	for _, g := range gaps {
		if g.Open {
			g.To = to
		}
		if g.To.Sub(g.From) > Live && g.To.After(from) && g.From.Before(to) {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b BlindInterval) int {
		return cmp.Or(cmp.Compare(a.Collector, b.Collector), a.From.Compare(b.From))
	})
	return out
}
