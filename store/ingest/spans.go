package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Span hands over one OpenTelemetry span.
func (p *Pipeline) Span(s *record.Span) { hand(p, p.tables.spans, s, s.Skew) }

// spanColumns are the columns of schema.SpansIn.
type spanColumns struct {
	ts, skew                            proto.ColInt64
	duration                            proto.ColUInt64
	traceID                             proto.ColFixedStr16
	spanID, parentID                    proto.ColFixedStr8
	kind, status                        proto.ColInt8
	message                             text
	name, scope                         lowCard
	node, service, version, peer, proxy lowCard
	code                                proto.ColUInt16
	flags                               proto.ColUInt64
	requestID                           text
	callID                              proto.ColFixedStr16
	attrs, resource                     attrMap
	eventAt                             array[proto.ColInt64, *proto.ColInt64]
	eventName                           textArray
	eventAttrs                          attrsArray
	linkTraceID                         array[proto.ColFixedStr16, *proto.ColFixedStr16]
	linkSpanID                          array[proto.ColFixedStr8, *proto.ColFixedStr8]
	blockID                             proto.ColFixedStr16
}

func (c *spanColumns) table() schema.Table { return schema.SpansIn() }

func (c *spanColumns) list() []column {
	return []column{
		&c.ts, &c.skew, &c.duration, &c.traceID, &c.spanID, &c.parentID, &c.kind, &c.status, &c.message,
		&c.name, &c.scope, &c.node, &c.service, &c.version, &c.peer, &c.proxy,
		&c.code, &c.flags, &c.requestID, &c.callID, &c.attrs, &c.resource,
		&c.eventAt, &c.eventName, &c.eventAttrs, &c.linkTraceID, &c.linkSpanID, &c.blockID,
	}
}

func (c *spanColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// spanFixedBytes is what a row takes beside its texts, attributes, events and
// links.
const spanFixedBytes = 190

// append copies the record and returns roughly how many bytes it takes.
func (c *spanColumns) append(s *record.Span) int {
	c.ts.Append(micros(s.Start))
	c.skew.Append(s.Skew.Microseconds())
	c.duration.Append(s.Duration)
	c.traceID.Append(s.TraceID)
	c.spanID.Append(s.SpanID)
	c.parentID.Append(s.ParentID)
	c.kind.Append(int8(s.Kind))
	c.status.Append(int8(s.Status))
	c.message.append(s.StatusMessage)
	c.appendNames(s)
	c.code.Append(s.Code)
	c.flags.Append(uint64(s.Flags))
	id := spanIDOf(s.RequestID, &s.CallID)
	c.requestID.append(id)
	c.callID.Append(s.CallID)
	bytes := spanFixedBytes + len(s.StatusMessage) + len(id)
	bytes += c.attrs.append(s.Attrs) + c.resource.append(s.Resource)
	return bytes + c.appendEvents(s.Events) + c.appendLinks(s.Links)
}

func (c *spanColumns) appendNames(s *record.Span) {
	c.name.append(s.Name)
	c.scope.append(s.Scope)
	c.node.append(s.Node)
	c.service.append(s.Service)
	c.version.append(s.Version)
	c.peer.append(s.Peer)
	c.proxy.append(s.Proxy)
}

func (c *spanColumns) appendEvents(events []record.SpanEvent) (bytes int) {
	for i := range events {
		c.eventAt.of.Append(micros(events[i].At))
		c.eventName.of.append(events[i].Name)
		bytes += 10 + c.eventAttrs.of.append(events[i].Attrs)
	}
	c.eventAt.end()
	c.eventName.end()
	c.eventAttrs.end()
	return bytes
}

func (c *spanColumns) appendLinks(links []record.SpanLink) (bytes int) {
	for i := range links {
		c.linkTraceID.of.Append(links[i].TraceID)
		c.linkSpanID.of.Append(links[i].SpanID)
	}
	c.linkTraceID.end()
	c.linkSpanID.end()
	return 24 * len(links)
}
