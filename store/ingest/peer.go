package ingest

import (
	"hash/maphash"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// peerColumns are the columns of one end of a call. The names of a peer go
// together, so one lookup finds the slots of all.
type peerColumns struct {
	id, service, version, principal lowCard
	source                          proto.ColInt8

	last   peerSlots
	recent [recentPeers]peerSlots // by hash of the id
}

// recentPeers is a power of two.
const recentPeers = 128

// peerSlots says where the columns keep the names of a peer.
type peerSlots struct{ id, service, version, principal int32 }

func (c *peerColumns) append(p *record.Peer) {
	if !c.areAt(&c.last, p) {
		c.last = c.look(p)
	}
	c.id.put(c.last.id)
	c.service.put(c.last.service)
	c.version.put(c.last.version)
	c.principal.put(c.last.principal)
	c.source.Append(int8(p.Source))
}

// look returns the slots of a peer that is not the one before.
func (c *peerColumns) look(p *record.Peer) peerSlots {
	place := &c.recent[maphash.String(placeSeed, p.ID)%recentPeers]
	if !c.areAt(place, p) {
		*place = peerSlots{c.id.slot(p.ID), c.service.slot(p.Service), c.version.slot(p.Version), c.principal.slot(p.Principal)}
	}
	return *place
}

func (c *peerColumns) areAt(at *peerSlots, p *record.Peer) bool {
	return c.id.isAt(at.id, p.ID) && c.service.isAt(at.service, p.Service) &&
		c.version.isAt(at.version, p.Version) && c.principal.isAt(at.principal, p.Principal)
}

func (c *peerColumns) list() []column {
	return []column{&c.id, &c.service, &c.version, &c.principal, &c.source}
}
