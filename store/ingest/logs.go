package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// Log hands over one log record of an application.
func (p *Pipeline) Log(l *record.Log) { hand(p, p.tables.logs, l, l.Skew) }

// logColumns are the columns of schema.LogsIn.
type logColumns struct {
	ts, skew                      proto.ColInt64
	traceID                       proto.ColFixedStr16
	spanID                        proto.ColFixedStr8
	severity                      proto.ColUInt8
	node, service, version, scope lowCard
	body                          text
	attrs, resource               attrMap
	blockID                       proto.ColFixedStr16
}

func (c *logColumns) table() schema.Table { return schema.LogsIn() }

func (c *logColumns) list() []column {
	return []column{
		&c.ts, &c.skew, &c.traceID, &c.spanID, &c.severity, &c.node, &c.service, &c.version, &c.scope,
		&c.body, &c.attrs, &c.resource, &c.blockID,
	}
}

func (c *logColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// logFixedBytes is what a row takes beside its body and attributes.
const logFixedBytes = 65

// append copies the record and returns roughly how many bytes it takes.
func (c *logColumns) append(l *record.Log) int {
	c.ts.Append(micros(l.At))
	c.skew.Append(l.Skew.Microseconds())
	c.traceID.Append(l.TraceID)
	c.spanID.Append(l.SpanID)
	c.severity.Append(l.Severity)
	c.node.append(l.Node)
	c.service.append(l.Service)
	c.version.append(l.Version)
	c.scope.append(l.Scope)
	c.body.append(l.Body)
	return logFixedBytes + len(l.Body) + c.attrs.append(l.Attrs) + c.resource.append(l.Resource)
}
