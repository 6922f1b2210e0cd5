package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Settle is how long after a proxy counted an entry the entry may still be on
// its way: Envoy hands over its buffer every second.
const Settle = 2 * time.Second

// Interval is a figure that is known within bounds.
type Interval struct {
	Low, Estimate, High float64
}

// Why a proxy's completeness is not known.
const (
	NoCounters = "counters of the proxy are not known"
	OneScrape  = "counters of the proxy were read only once"
	NoEntries  = "the proxy wrote nothing"
)

// ProxyCompleteness says how much of what one proxy logged was received.
type ProxyCompleteness struct {
	Proxy    string
	Node     string    // node id of the workload beside it, "" if not known
	From, To time.Time // the readings of its counters between which was counted

	Written float64 // entries that the proxy handed to its log streams
	Dropped float64 // entries that the proxy says it dropped
	Resets  int     // how often its counters began anew: what they lost is not in Written

	Received Interval  // of these, those that a collector counted
	Silent   Interval  // entries written that no collector counted and nobody dropped
	Ratio    *Interval // Received ÷ (Written + Dropped), at most 1; nil: see Reason
	Reason   string
}

// Completeness returns the completeness of every proxy that reported or
// was scraped in [from, to), by name.
//
// Collectors count what they receive, proxies what they write, and the two are
// not read at the same moment: entries are up to Settle late. So the figure
// has bounds, which meet where traffic rests around both readings.
func Completeness(ctx context.Context, conn driver.Conn, from, to time.Time) ([]ProxyCompleteness, error) {
	stats, err := readProxyStats(ctx, conn, from, to, ofLogs)
	if err != nil {
		return nil, fmt.Errorf("reading counters of proxies: %w", err)
	}
	counts, err := readReceived(ctx, conn, from, to)
	if err != nil {
		return nil, fmt.Errorf("reading heartbeats of proxies: %w", err)
	}
	names := map[string]bool{}
	for name := range stats {
		names[name] = true
	}
	for name := range counts {
		names[name] = true
	}
	var out []ProxyCompleteness
	for _, name := range slices.Sorted(maps.Keys(names)) {
		c := completeness(stats[name], counts[name], from, to)
		c.Proxy = name
		out = append(out, c)
	}
	return out, nil
}

// completeness compares what a proxy says it wrote with what was received.
func completeness(p *proxyStats, r received, from, to time.Time) ProxyCompleteness {
	if p == nil {
		return ProxyCompleteness{Reason: NoCounters}
	}
	c := ProxyCompleteness{Node: p.node}
	written, dropped := p.stats[logsWritten], p.stats[logsDropped]
	var ok bool
	if c.From, c.To, ok = written.between(from, to); !ok {
		c.Reason = OneScrape
		if len(written) == 0 {
			c.Reason = NoCounters
		}
		return c
	}
	c.Written, c.Dropped = written.growth(c.From, c.To), dropped.growth(c.From, c.To)
	c.Resets = written.resets(c.From, c.To)
	c.Received = r.within(c.From, c.To)
	c.Silent = Interval{
		Low:      max(0, c.Written-c.Received.High),
		Estimate: max(0, c.Written-c.Received.Estimate),
		High:     max(0, c.Written-c.Received.Low),
	}
	all := c.Written + c.Dropped
	if all == 0 {
		c.Reason = NoEntries
		return c
	}
	c.Ratio = &Interval{
		Low:      min(1, c.Received.Low/all),
		Estimate: min(1, c.Received.Estimate/all),
		High:     min(1, c.Received.High/all),
	}
	return c
}

// within bounds how many of the entries that the proxy wrote in (from, to]
// were received. What arrived in (from + Settle, to] was surely written
// within, and what was written within arrived in (from, to + Settle].
func (r received) within(from, to time.Time) Interval {
	low, _, _ := r.bounds(to)
	_, _, lowFrom := r.bounds(from.Add(Settle))
	_, _, high := r.bounds(to.Add(Settle))
	highFrom, _, _ := r.bounds(from)
	_, end, _ := r.bounds(to.Add(Settle / 2))
	_, start, _ := r.bounds(from.Add(Settle / 2))
	return Interval{Low: max(0, low-lowFrom), Estimate: max(0, end-start), High: max(0, high-highFrom)}
}
