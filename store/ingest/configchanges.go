package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/schema"
)

// ConfigChange hands over one applied or withdrawn object of configuration.
func (p *Pipeline) ConfigChange(c *record.ConfigChange) { hand(p, p.tables.configChanges, c, 0) }

// configChangeColumns are the columns of schema.ConfigChangesIn.
type configChangeColumns struct {
	ts                                    proto.ColInt64
	source, action, kind, namespace, name lowCard
	generation                            proto.ColUInt64
	actor                                 lowCard
	reason, object                        text
	blockID                               proto.ColFixedStr16
}

func (c *configChangeColumns) table() schema.Table { return schema.ConfigChangesIn() }

func (c *configChangeColumns) list() []column {
	return []column{
		&c.ts, &c.source, &c.action, &c.kind, &c.namespace, &c.name, &c.generation, &c.actor,
		&c.reason, &c.object, &c.blockID,
	}
}

func (c *configChangeColumns) block() *proto.ColFixedStr16 { return &c.blockID }

// configChangeFixedBytes is what a row takes beside its texts.
const configChangeFixedBytes = 44

// append copies the record and returns how many bytes it takes.
func (c *configChangeColumns) append(r *record.ConfigChange) int {
	c.ts.Append(micros(r.At))
	c.source.append(r.Source)
	c.action.append(r.Action)
	c.kind.append(r.Kind)
	c.namespace.append(r.Namespace)
	c.name.append(r.Name)
	c.generation.Append(r.Generation)
	c.actor.append(r.Actor)
	c.reason.append(r.Reason)
	c.object.append(r.Text)
	return configChangeFixedBytes + len(r.Reason) + len(r.Text)
}
