package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Request hands over one completed L7 request.
func (p *Pipeline) Request(r *record.Request) { hand(p, p.tables.requests, r, r.Skew) }

// requestColumns are the columns of schema.RequestsIn.
type requestColumns struct {
	ts, skew                                                  proto.ColInt64
	vantage                                                   proto.ColInt8
	src, dst                                                  peerColumns
	proxy, logName, route, method, protocol, cluster, address lowCard
	code                                                      proto.ColUInt16
	grpcStatus, outcome                                       proto.ColInt8
	flags                                                     proto.ColUInt64
	details                                                   lowCard
	mtls                                                      proto.ColInt8
	duration, firstByte                                       proto.ColUInt32
	attempts, attempt                                         proto.ColUInt8
	requestBytes, responseBytes                               proto.ColUInt64
	callID                                                    proto.ColFixedStr16
	requestID                                                 text
	traceID                                                   proto.ColFixedStr16
	spanID                                                    proto.ColFixedStr8
	durationBin, firstByteBin                                 proto.ColInt16
	blockID                                                   proto.ColFixedStr16
}

func (c *requestColumns) table() schema.Table { return schema.RequestsIn() }

func (c *requestColumns) list() []column {
	out := []column{&c.ts, &c.skew, &c.vantage}
	out = append(out, c.src.list()...)
	out = append(out, c.dst.list()...)
	return append(out,
		&c.proxy, &c.logName, &c.route, &c.method, &c.protocol, &c.cluster, &c.address,
		&c.code, &c.grpcStatus, &c.outcome, &c.flags, &c.details, &c.mtls,
		&c.duration, &c.firstByte, &c.attempts, &c.attempt, &c.requestBytes, &c.responseBytes,
		&c.callID, &c.requestID, &c.traceID, &c.spanID,
		&c.durationBin, &c.firstByteBin, &c.blockID,
	)
}

func (c *requestColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// append copies the record and returns roughly how many bytes it takes.
func (c *requestColumns) append(r *record.Request) int {
	c.ts.Append(micros(r.End))
	c.skew.Append(r.Skew.Microseconds())
	c.vantage.Append(int8(r.Vantage))
	c.src.append(&r.Src)
	c.dst.append(&r.Dst)
	c.proxy.append(r.Proxy)
	c.logName.append(r.LogName)
	c.route.append(r.Route)
	c.method.append(r.Method)
	c.protocol.append(r.Protocol)
	c.cluster.append(r.Cluster)
	c.address.append(r.Upstream)
	c.appendResult(r)
	c.callID.Append(r.CallID)
	id := requestIDOf(r.RequestID, &r.CallID, &r.TraceID)
	c.requestID.append(id)
	c.traceID.Append(r.TraceID)
	c.spanID.Append(r.SpanID)
	return requestFixedBytes + len(id)
}

// requestFixedBytes is what a row takes beside its request id, with two bytes
// for each dictionary key.
const requestFixedBytes = 190

func (c *requestColumns) appendResult(r *record.Request) {
	c.code.Append(r.Code)
	c.grpcStatus.Append(r.GRPCStatus)
	c.outcome.Append(int8(r.Outcome))
	c.flags.Append(uint64(r.Flags))
	c.details.append(r.Details)
	c.mtls.Append(int8(r.MTLS))
	c.duration.Append(r.Duration)
	c.firstByte.Append(r.FirstByte)
	c.attempts.Append(r.Attempts)
	c.attempt.Append(r.Attempt)
	c.requestBytes.Append(r.RequestBytes)
	c.responseBytes.Append(r.ResponseBytes)
	c.durationBin.Append(int16(record.BinOf(r.Duration)))
	c.firstByteBin.Append(firstByteBin(r.FirstByte))
}

// firstByteBin returns the bin of the time to the first byte, -1 when none
// came.
func firstByteBin(us uint32) int16 {
	if us == 0 {
		return -1
	}
	return int16(record.BinOf(us))
}
