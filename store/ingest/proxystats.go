package ingest

import (
	"math"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// ProxyStat hands over one value of a proxy's own statistics.
func (p *Pipeline) ProxyStat(s *record.ProxyStat) { hand(p, p.tables.proxyStats, s, 0) }

// proxyStatColumns are the columns of schema.ProxyStatsIn.
type proxyStatColumns struct {
	ts                  proto.ColInt64
	step                proto.ColUInt32
	started             proto.ColInt64
	proxy, node, source lowCard
	scope               proto.ColInt8
	object, name        lowCard
	kind                proto.ColInt8
	value, total        proto.ColFloat64
	reset               proto.ColUInt8
	blockID             proto.ColFixedStr16
}

func (c *proxyStatColumns) table() schema.Table { return schema.ProxyStatsIn() }

func (c *proxyStatColumns) list() []column {
	return []column{
		&c.ts, &c.step, &c.started, &c.proxy, &c.node, &c.source, &c.scope, &c.object, &c.name,
		&c.kind, &c.value, &c.total, &c.reset, &c.blockID,
	}
}

func (c *proxyStatColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// proxyStatBytes is what a row takes.
const proxyStatBytes = 65

// append copies the record and returns how many bytes it takes.
func (c *proxyStatColumns) append(s *record.ProxyStat) int {
	c.ts.Append(millis(s.At))
	c.step.Append(stepMillis(s.Step))
	c.started.Append(millis(s.Started))
	c.proxy.append(s.Proxy)
	c.node.append(s.Node)
	c.source.append(s.Source)
	c.scope.Append(int8(s.Scope))
	c.object.append(s.Object)
	c.name.append(s.Name)
	c.kind.Append(int8(s.Kind))
	c.value.Append(s.Value)
	c.total.Append(s.Total)
	c.reset.Append(b2u(s.Reset))
	return proxyStatBytes
}

// stepMillis returns the length of an interval in milliseconds, at most what
// the column holds (49 days).
func stepMillis(d time.Duration) uint32 {
	return uint32(min(max(d.Milliseconds(), 0), math.MaxUint32))
}
