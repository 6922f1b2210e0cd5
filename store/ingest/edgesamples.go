package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// EdgeSample hands over what a metric-only source counted on one edge.
func (p *Pipeline) EdgeSample(s *record.EdgeSample) { hand(p, p.tables.edgeSamples, s, 0) }

// edgeSampleColumns are the columns of schema.EdgeSamplesIn.
type edgeSampleColumns struct {
	ts                                              proto.ColInt64
	step                                            proto.ColUInt32
	source                                          lowCard
	vantage                                         proto.ColInt8
	src, dst                                        peerColumns
	proxy, route, method, protocol                  lowCard
	mtls, outcome                                   proto.ColInt8
	code                                            proto.ColUInt16
	grpcStatus                                      proto.ColInt8
	flags                                           proto.ColUInt64
	requests, attempts, requestBytes, responseBytes proto.ColUInt64
	latency                                         proto.ColInt8
	bounds, counts                                  array[proto.ColUInt64, *proto.ColUInt64]
	latencySum                                      proto.ColUInt64
	reset                                           proto.ColUInt8
	blockID                                         proto.ColFixedStr16
}

func (c *edgeSampleColumns) table() schema.Table { return schema.EdgeSamplesIn() }

func (c *edgeSampleColumns) list() []column {
	out := []column{&c.ts, &c.step, &c.source, &c.vantage}
	out = append(out, c.src.list()...)
	out = append(out, c.dst.list()...)
	return append(out,
		&c.proxy, &c.route, &c.method, &c.protocol, &c.mtls, &c.outcome, &c.code, &c.grpcStatus, &c.flags,
		&c.requests, &c.attempts, &c.requestBytes, &c.responseBytes,
		&c.latency, &c.bounds, &c.counts, &c.latencySum, &c.reset, &c.blockID,
	)
}

func (c *edgeSampleColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// edgeSampleFixedBytes is what a row takes beside its histogram.
const edgeSampleFixedBytes = 120

// append copies the record and returns how many bytes it takes.
func (c *edgeSampleColumns) append(s *record.EdgeSample) int {
	c.ts.Append(micros(s.At))
	c.step.Append(stepMillis(s.Step))
	c.source.append(s.Source)
	c.vantage.Append(int8(s.Vantage))
	c.src.append(&s.Src)
	c.dst.append(&s.Dst)
	c.proxy.append(s.Proxy)
	c.route.append(s.Route)
	c.method.append(s.Method)
	c.protocol.append(s.Protocol)
	c.mtls.Append(int8(s.MTLS))
	c.outcome.Append(int8(s.Outcome))
	c.code.Append(s.Code)
	c.grpcStatus.Append(s.GRPCStatus)
	c.flags.Append(uint64(s.Flags))
	c.appendCounts(s)
	return edgeSampleFixedBytes + 8*(len(s.Bounds)+len(s.Counts))
}

func (c *edgeSampleColumns) appendCounts(s *record.EdgeSample) {
	c.requests.Append(s.Requests)
	c.attempts.Append(s.Attempts)
	c.requestBytes.Append(s.RequestBytes)
	c.responseBytes.Append(s.ResponseBytes)
	c.latency.Append(int8(s.Latency))
	c.bounds.of.AppendArr(s.Bounds)
	c.bounds.end()
	c.counts.of.AppendArr(s.Counts)
	c.counts.end()
	c.latencySum.Append(s.LatencySum)
	c.reset.Append(b2u(s.Reset))
}
