package graph

import (
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// completeness holds, by node id, how much of what the node's proxies logged
// was received: the least of its proxies. Nodes of which a proxy is not known
// are missing.
type completeness map[string]float64

// completenessOf reduces that of proxies to that of nodes. A proxy that wrote
// nothing says nothing; one whose counters are not known makes its node's
// unknown.
func completenessOf(proxies []query.ProxyCompleteness) completeness {
	out, unknown := completeness{}, map[string]bool{}
	for _, p := range proxies {
		switch {
		case p.Ratio != nil:
			least, seen := out[p.Node]
			if !seen || p.Ratio.Estimate < least {
				out[p.Node] = p.Ratio.Estimate
			}
		case p.Reason != query.NoEntries:
			unknown[p.Node] = true
		}
	}
	unknown[""] = true
	for node := range unknown {
		delete(out, node)
	}
	return out
}

// of returns the completeness of an edge as the vantage sees it: that of the
// proxies that report it, beside the callee for the server's vantage and
// beside the caller for all others. nil: not known.
func (c completeness) of(p pair, v record.Vantage) *float64 {
	reporter := p.Src
	if v == record.VantageServer || v == record.VantageL4Server {
		reporter = p.Dst
	}
	if ratio, ok := c[reporter]; ok {
		return &ratio
	}
	return nil
}
