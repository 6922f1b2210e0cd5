package status

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// lookback bounds how far a silent proxy is looked for.
const lookback = time.Hour

// facts are what the checks judge. A fact that could not be read carries why.
type facts struct {
	now         time.Time
	store       string // version of the store
	storeErr    error
	schema      uint32 // number of the newest migration
	schemaErr   error
	watermark   query.Mark
	proxies     []proxy
	proxiesErr  error
	meshEnabled bool
	meshErr     error
}

// proxy is the last heartbeat about a proxy.
type proxy struct {
	id, collector      string
	seen               time.Time
	requests, attempts uint64
}

// read gathers the facts in the order of the checks, stopping at the first one
// that makes the rest unreadable.
func (s *Service) read(ctx context.Context, now time.Time) facts {
	f := facts{now: now, meshEnabled: s.mesh != nil}
	if s.mesh != nil {
		f.meshErr = s.mesh(ctx)
	}
	if f.storeErr = s.conn.QueryRow(ctx, "SELECT version()").Scan(&f.store); f.storeErr != nil {
		return f
	}
	if f.schemaErr = s.conn.QueryRow(ctx, "SELECT max(id) FROM schema_migrations").Scan(&f.schema); f.schemaErr != nil {
		return f
	}
	if f.watermark, f.schemaErr = query.Watermark(ctx, s.conn, now); f.schemaErr != nil {
		return f
	}
	f.proxies, f.proxiesErr = readProxies(ctx, s.conn, now)
	return f
}

func readProxies(ctx context.Context, conn driver.Conn, now time.Time) ([]proxy, error) {
	rows, err := conn.Query(ctx, `
		SELECT proxy, argMax(collector, ts), max(ts), argMax(requests, ts), argMax(attempts, ts) FROM heartbeats
		WHERE proxy != '' AND ts > fromUnixTimestamp64Micro(?, 'UTC') AND ts <= fromUnixTimestamp64Micro(?, 'UTC')
		GROUP BY proxy ORDER BY proxy`, now.Add(-lookback).UnixMicro(), now.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("reading heartbeats of proxies: %w", err)
	}
	defer rows.Close()
	var out []proxy
	for rows.Next() {
		var p proxy
		if err := rows.Scan(&p.id, &p.collector, &p.seen, &p.requests, &p.attempts); err != nil {
			return nil, fmt.Errorf("reading heartbeats of proxies: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
