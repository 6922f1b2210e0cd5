package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Heartbeat hands over what a receiver knows of one proxy. It is never in the
// log before the rows that were handed over before it, which it counts; so it
// is to be handed over after them. The heartbeats of the collector as a whole
// are the pipeline's own.
func (p *Pipeline) Heartbeat(h *record.Heartbeat) { hand(p, p.tables.heartbeats, h, 0) }

// heartbeatColumns are the columns of schema.HeartbeatsIn.
type heartbeatColumns struct {
	ts                                   proto.ColInt64
	collector, proxy                     lowCard
	completeThrough                      proto.ColInt64
	requests, attempts, refused, clamped proto.ColUInt64
	started                              proto.ColInt64
	interim, flows                       proto.ColUInt64
	blockID                              proto.ColFixedStr16
}

func (c *heartbeatColumns) table() schema.Table { return schema.HeartbeatsIn() }

func (c *heartbeatColumns) list() []column {
	return []column{
		&c.ts, &c.collector, &c.proxy, &c.completeThrough,
		&c.requests, &c.attempts, &c.refused, &c.clamped, &c.started, &c.interim, &c.flows, &c.blockID,
	}
}

func (c *heartbeatColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// heartbeatBytes is what a row takes.
const heartbeatBytes = 92

// append copies the record and returns how many bytes it takes.
func (c *heartbeatColumns) append(h *record.Heartbeat) int {
	c.ts.Append(micros(h.At))
	c.collector.append(h.Collector)
	c.proxy.append(h.Proxy)
	c.completeThrough.Append(micros(h.CompleteThrough))
	c.requests.Append(h.Requests)
	c.attempts.Append(h.Attempts)
	c.refused.Append(h.Refused)
	c.clamped.Append(h.Clamped)
	c.started.Append(micros(h.Started))
	c.interim.Append(h.Interim)
	c.flows.Append(h.Flows)
	return heartbeatBytes
}
