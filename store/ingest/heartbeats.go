package ingest

import (
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// heartbeatColumns are the columns of schema.HeartbeatsIn.
type heartbeatColumns struct {
	ts                                   proto.ColInt64
	collector, proxy                     lowCard
	completeThrough                      proto.ColInt64
	requests, attempts, refused, clamped proto.ColUInt64
	started                              proto.ColInt64
	interim                              proto.ColUInt64
	blockID                              proto.ColFixedStr16
}

func (c *heartbeatColumns) table() schema.Table { return schema.HeartbeatsIn() }

func (c *heartbeatColumns) list() []column {
	return []column{
		&c.ts, &c.collector, &c.proxy, &c.completeThrough,
		&c.requests, &c.attempts, &c.refused, &c.clamped, &c.started, &c.interim, &c.blockID,
	}
}

func (c *heartbeatColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// heartbeatBytes is what a row takes.
const heartbeatBytes = 84

// append copies the record and returns how many bytes it takes.
func (c *heartbeatColumns) append(h *record.Heartbeat) int {
	c.ts.Append(h.At.UnixMicro())
	c.collector.append(h.Collector)
	c.proxy.append(h.Proxy)
	c.completeThrough.Append(h.CompleteThrough.UnixMicro())
	c.requests.Append(h.Requests)
	c.attempts.Append(h.Attempts)
	c.refused.Append(h.Refused)
	c.clamped.Append(h.Clamped)
	c.started.Append(microsOrZero(h.Started))
	c.interim.Append(h.Interim)
	return heartbeatBytes
}

// microsOrZero returns the time in microseconds since 1970, the epoch itself
// for a time that is not known.
func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
