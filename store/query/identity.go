package query

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// ProxyIdentity holds one proxy's counters to what they must add up to: every
// request that ended and every try is one entry of the access log,
//
//	logs_written + logs_dropped = Δ(downstream_rq_total − downstream_rq_active) + tries
//
// with tries = upstream_rq_total + upstream_rq_pending_failure_eject +
// upstream_rq_active_overflow + upstream_rq_pending_overflow. It holds for
// Envoy 1.40 in every case of a failure, so a proxy that breaks it has
// requests that its access log does not cover.
type ProxyIdentity struct {
	Proxy, Node string
	From, To    time.Time // the readings between which was counted
	Logged      float64   // entries written and dropped
	Requests    float64   // requests that ended
	Tries       float64
	Gap         float64 // Logged − (Requests + Tries)
	Open        float64 // requests in flight at either reading: tries of theirs may not be logged yet
	Broken      bool    // |Gap| > Open
	Reason      string  // why it is not known; "" else
}

// ofIdentity selects what takes part. The clusters of telemetry itself are
// left out: no access log covers their requests. So are those of the
// application beside a sidecar, "inbound|" and its port by the convention of
// Istio, "inbound;" in the statistics of our own mesh: their tries are the requests once more, and
// the router of the inbound listener does not log them.
const ofIdentity = ofLogs + ` OR
	scope = 'http' AND object != 'admin' AND name IN ('downstream_rq_total', 'downstream_rq_active') OR
	scope = 'cluster' AND object != 'collector_als' AND NOT match(object, '^inbound[|;]') AND name IN (
		'upstream_rq_total', 'upstream_rq_pending_failure_eject', 'upstream_rq_active_overflow', 'upstream_rq_pending_overflow')`

// Identity checks every proxy that was scraped in [from, to), by name.
func Identity(ctx context.Context, conn driver.Conn, from, to time.Time) ([]ProxyIdentity, error) {
	stats, err := readProxyStats(ctx, conn, from, to, ofIdentity)
	if err != nil {
		return nil, fmt.Errorf("reading counters of proxies: %w", err)
	}
	var out []ProxyIdentity
	for _, name := range slices.Sorted(maps.Keys(stats)) {
		i := identity(stats[name], from, to)
		i.Proxy = name
		out = append(out, i)
	}
	return out, nil
}

func identity(p *proxyStats, from, to time.Time) ProxyIdentity {
	i := ProxyIdentity{Node: p.node}
	var ok bool
	if i.From, i.To, ok = p.stats[logsWritten].between(from, to); !ok {
		i.Reason = OneScrape
		if len(p.stats[logsWritten]) == 0 {
			i.Reason = NoCounters
		}
		return i
	}
	if n := p.stats[logsWritten].resets(i.From, i.To); n > 0 {
		i.Reason = fmt.Sprintf("counters of the proxy began anew %d times", n)
		return i
	}
	for at, c := range p.stats {
		switch {
		case at.scope == "log":
			i.Logged += c.growth(i.From, i.To)
		case at.name == "downstream_rq_active":
			before, after := c.at(i.From), c.at(i.To)
			i.Requests += before - after
			i.Open += before + after
		case at.scope == "http":
			i.Requests += c.growth(i.From, i.To)
		default:
			i.Tries += c.growth(i.From, i.To)
		}
	}
	i.Gap = i.Logged - i.Requests - i.Tries
	i.Broken = math.Abs(i.Gap) > i.Open
	return i
}
