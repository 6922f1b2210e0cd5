package rows

import (
	"strings"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// maxEdges bounds the memo of a stream; a full one starts afresh.
const maxEdges = 4096

// edgeKey is all that decides the two ends and the route of a row.
type edgeKey struct {
	direction                  direction
	connection                 bool // a TCP entry: no route is no name
	method                     wire.Method
	cluster, route             string
	dstService, dstNamespace   string
	dstWorkload, dstVersion    string
	srcPrincipal, dstPrincipal string
	header                     string    // x-mesh-peer
	object                     wire.Peer // of the other end
}

// edge is what a key stands for; its strings are owned.
type edge struct {
	src, dst record.Peer
	route    string
	cluster  string
	capped   Capped
}

// memo is an edge with its key.
type memo struct {
	key edgeKey
	edge
}

// recentEdges is how many edges are found without hashing their key, a power
// of two.
const recentEdges = 64

// edges remembers what keys stand for.
type edges struct {
	all    map[edgeKey]*memo
	recent [recentEdges]*memo // by edgeKey.slot
}

// get returns the edge of a key, nil if it is not known.
func (m *edges) get(key *edgeKey) *edge {
	slot := key.slot()
	if known := m.recent[slot]; known != nil && known.key == *key {
		return &known.edge
	}
	known := m.all[*key]
	if known == nil {
		return nil
	}
	m.recent[slot] = known
	return &known.edge
}

// put remembers an edge under a key whose strings are owned.
func (m *edges) put(key edgeKey, made edge) *edge {
	if len(m.all) >= maxEdges {
		clear(m.all)
		m.recent = [recentEdges]*memo{}
	}
	known := &memo{key: key, edge: made}
	m.all[key] = known
	m.recent[key.slot()] = known
	return &known.edge
}

// slot tells keys apart well enough that those of one proxy rarely meet: by the
// lengths and last bytes of what differs most. A method can be any number.
func (k *edgeKey) slot() uint {
	n := len(k.route)*3 + len(k.dstWorkload)*5 + len(k.header)*7 + int(k.method)*11 + int(k.direction)
	n += last(k.route) + last(k.dstWorkload)*3 + last(k.cluster) + last(k.srcPrincipal)*5
	return uint(n) % recentEdges
}

func last(s string) int {
	if s == "" {
		return 0
	}
	return int(s[len(s)-1])
}

// keyOf collects the key from the properties of an entry, and only what its
// direction uses; header is the request's x-mesh-peer.
func keyOf(c *wire.Common, d direction, method wire.Method, header string) edgeKey {
	key := edgeKey{direction: d, method: method, route: c.Route, cluster: c.Cluster}
	if d == inbound {
		key.srcPrincipal = first2(c.TLS.PeerURI, c.Tags.SrcPrincipal)
		key.dstPrincipal = c.TLS.LocalURI
		key.header = header
		key.object = c.DownstreamPeer
		return key
	}
	key.dstService, key.dstNamespace = c.Tags.DstService, c.Tags.DstNamespace
	key.dstWorkload, key.dstVersion = c.Tags.DstWorkload, c.Tags.DstVersion
	key.dstPrincipal = c.Tags.DstPrincipal
	key.object = c.UpstreamPeer
	return key
}

func first2(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// clone returns the key with strings of its own.
func (k edgeKey) clone() edgeKey {
	for _, s := range []*string{
		&k.cluster, &k.route, &k.dstService, &k.dstNamespace, &k.dstWorkload, &k.dstVersion,
		&k.srcPrincipal, &k.dstPrincipal, &k.header,
		&k.object.Mesh, &k.object.Cluster, &k.object.Namespace, &k.object.Workload, &k.object.Service, &k.object.Version,
	} {
		*s = strings.Clone(*s)
	}
	return k
}

// edge returns what a key stands for, working it out the first time.
func (s *Stream) edge(key *edgeKey) *edge {
	if known := s.edges.get(key); known != nil {
		return known
	}
	owned := key.clone()
	return s.edges.put(owned, s.resolve(&owned))
}

// resolve names both ends and the route of a key, within the caps. The route is
// that of the caller's proxy, also of an arrival, so that both sides of a call
// are rows of the same edge.
func (s *Stream) resolve(k *edgeKey) (e edge) {
	told := ""
	e.cluster = k.cluster
	if k.direction == inbound {
		e.dst = s.reporter.Peer
		e.dst.Principal = k.dstPrincipal
		e.src, told = s.caller(k)
	} else {
		e.src, e.dst = s.reporter.Peer, s.callee(k)
	}
	if e.route = first2(told, k.route); !k.connection {
		e.route = routeName(e.route, k.method)
	}
	if e.route != "" {
		e.capped = s.caps.Route(&e.dst, e.route, told != "")
	}
	if e.capped != 0 {
		e.route = Other
	}
	if beyond := s.caps.Caller(&e.dst, e.src.ID); beyond != 0 {
		e.src, e.capped = record.Peer{ID: record.UnknownID(Other)}, e.capped|beyond
	}
	return e
}
