package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// place names a statistic of a proxy.
type place struct{ scope, object, name string }

// proxyStats are the statistics of one proxy.
type proxyStats struct {
	node  string
	stats map[place]counter
}

// The places of the counts of Envoy's access logs over gRPC.
var (
	logsWritten = place{"log", "grpc_access_log", "logs_written"}
	logsDropped = place{"log", "grpc_access_log", "logs_dropped"}
)

// ofLogs selects the counts of access logs.
const ofLogs = `scope = 'log' AND object = 'grpc_access_log' AND name IN ('logs_written', 'logs_dropped')`

// readProxyStats reads what proxies say of themselves, where the condition
// holds.
func readProxyStats(ctx context.Context, conn driver.Conn, from, to time.Time, condition string) (map[string]*proxyStats, error) {
	type row struct {
		proxy, node string
		place
		sample
	}
	rows, err := list(ctx, conn, `
		SELECT proxy, anyLast(node), toString(scope), object, name, max(ts), sum(value), max(total), argMax(total, ts)
		FROM proxy_stats
		WHERE (`+condition+`) AND ts >= fromUnixTimestamp64Milli(?, 'UTC') AND ts <= fromUnixTimestamp64Milli(?, 'UTC')
		GROUP BY proxy, scope, object, name, `+thin(from, to)+`
		ORDER BY proxy, scope, object, name, max(ts)`,
		func(rows driver.Rows) (r row, err error) {
			err = rows.Scan(&r.proxy, &r.node, &r.scope, &r.object, &r.name, &r.at, &r.growth, &r.top, &r.last)
			return r, err
		}, from.Add(-memory).UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, err
	}
	out := map[string]*proxyStats{}
	for _, r := range rows {
		p := out[r.proxy]
		if p == nil {
			p = &proxyStats{stats: map[place]counter{}}
			out[r.proxy] = p
		}
		if r.node != "" {
			p.node = r.node
		}
		p.stats[r.place] = append(p.stats[r.place], r.sample)
	}
	return out, nil
}
