package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Attempt hands over one upstream try.
func (p *Pipeline) Attempt(a *record.Attempt) { hand(p, p.tables.attempts, a, a.Skew) }

// attemptColumns are the columns of schema.AttemptsIn.
type attemptColumns struct {
	ts, skew                               proto.ColInt64
	src, srcService, srcVersion            lowCard
	dst, dstService, dstVersion            lowCard
	proxy, route, method, cluster, address lowCard
	number                                 proto.ColUInt8
	code                                   proto.ColUInt16
	grpcStatus, outcome                    proto.ColInt8
	flags                                  proto.ColUInt64
	failure                                lowCard
	duration, firstByte, poolWait          proto.ColUInt32
	callID                                 proto.ColFixedStr16
	requestID                              text
	blockID                                proto.ColFixedStr16
}

func (c *attemptColumns) table() schema.Table { return schema.AttemptsIn() }

func (c *attemptColumns) list() []column {
	return []column{
		&c.ts, &c.skew, &c.src, &c.srcService, &c.srcVersion, &c.dst, &c.dstService, &c.dstVersion,
		&c.proxy, &c.route, &c.method, &c.cluster, &c.address,
		&c.number, &c.code, &c.grpcStatus, &c.outcome, &c.flags, &c.failure,
		&c.duration, &c.firstByte, &c.poolWait, &c.callID, &c.requestID, &c.blockID,
	}
}

func (c *attemptColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// attemptFixedBytes is what a row takes beside its request id.
const attemptFixedBytes = 110

// append copies the record and returns roughly how many bytes it takes.
func (c *attemptColumns) append(a *record.Attempt) int {
	c.ts.Append(micros(a.End))
	c.skew.Append(a.Skew.Microseconds())
	c.src.append(a.Src.ID)
	c.srcService.append(a.Src.Service)
	c.srcVersion.append(a.Src.Version)
	c.dst.append(a.Dst.ID)
	c.dstService.append(a.Dst.Service)
	c.dstVersion.append(a.Dst.Version)
	c.proxy.append(a.Proxy)
	c.route.append(a.Route)
	c.method.append(a.Method)
	c.cluster.append(a.Cluster)
	c.address.append(a.Upstream)
	c.appendResult(a)
	c.callID.Append(a.CallID)
	id := attemptIDOf(a.RequestID, &a.CallID)
	c.requestID.append(id)
	return attemptFixedBytes + len(id)
}

func (c *attemptColumns) appendResult(a *record.Attempt) {
	c.number.Append(a.Number)
	c.code.Append(a.Code)
	c.grpcStatus.Append(a.GRPCStatus)
	c.outcome.Append(int8(a.Outcome))
	c.flags.Append(uint64(a.Flags))
	c.failure.append(a.Failure)
	c.duration.Append(a.Duration)
	c.firstByte.Append(a.FirstByte)
	c.poolWait.Append(a.PoolWait)
}
