package ingest

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// column is one column of an open block. Its type is that of the schema: the
// column itself knows only the layout of its values.
type column interface {
	Rows() int
	EncodeColumn(*proto.Buffer)
	Reset()
}

// peerColumns are the columns of one end of a call.
type peerColumns struct {
	id, service, version, principal lowCard
	source                          proto.ColInt8
}

func (c *peerColumns) append(p *record.Peer) {
	c.id.append(p.ID)
	c.service.append(p.Service)
	c.version.append(p.Version)
	c.principal.append(p.Principal)
	c.source.Append(int8(p.Source))
}

func (c *peerColumns) list() []column {
	return []column{&c.id, &c.service, &c.version, &c.principal, &c.source}
}

// fillID appends the id of the block once for each of its rows.
func fillID(c *proto.ColFixedStr16, id [16]byte, rows int) {
	c.Reset()
	for range rows {
		c.Append(id)
	}
}
