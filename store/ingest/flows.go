package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Flow hands over what one observer saw of L4 traffic.
func (p *Pipeline) Flow(f *record.Flow) { hand(p, p.tables.flows, f, f.Skew) }

// flowColumns are the columns of schema.FlowsIn.
type flowColumns struct {
	ts, skew                                 proto.ColInt64
	source                                   lowCard
	vantage                                  proto.ColInt8
	src, dst                                 peerColumns
	proxy, route, protocol, cluster, address lowCard
	outcome                                  proto.ColInt8
	flags                                    proto.ColUInt64
	details                                  lowCard
	mtls                                     proto.ColInt8
	duration, sent, received                 proto.ColUInt64
	opened, closed, failed, refused          proto.ColUInt32
	blockID                                  proto.ColFixedStr16
}

func (c *flowColumns) table() schema.Table { return schema.FlowsIn() }

func (c *flowColumns) list() []column {
	out := []column{&c.ts, &c.skew, &c.source, &c.vantage}
	out = append(out, c.src.list()...)
	out = append(out, c.dst.list()...)
	return append(out,
		&c.proxy, &c.route, &c.protocol, &c.cluster, &c.address, &c.outcome, &c.flags, &c.details, &c.mtls,
		&c.duration, &c.sent, &c.received, &c.opened, &c.closed, &c.failed, &c.refused, &c.blockID,
	)
}

func (c *flowColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// flowBytes is what a row takes.
const flowBytes = 128

// append copies the record and returns how many bytes it takes.
func (c *flowColumns) append(f *record.Flow) int {
	c.ts.Append(micros(f.End))
	c.skew.Append(f.Skew.Microseconds())
	c.source.append(f.Source)
	c.vantage.Append(int8(f.Vantage))
	c.src.append(&f.Src)
	c.dst.append(&f.Dst)
	c.proxy.append(f.Proxy)
	c.route.append(f.Route)
	c.protocol.append(f.Protocol)
	c.cluster.append(f.Cluster)
	c.address.append(f.Upstream)
	c.outcome.Append(int8(f.Outcome))
	c.flags.Append(uint64(f.Flags))
	c.details.append(f.Details)
	c.mtls.Append(int8(f.MTLS))
	c.duration.Append(f.Duration)
	c.sent.Append(f.Sent)
	c.received.Append(f.Received)
	c.opened.Append(f.Opened)
	c.closed.Append(f.Closed)
	c.failed.Append(f.Failed)
	c.refused.Append(f.Refused)
	return flowBytes
}
