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
	direction                        direction
	method                           wire.Method
	cluster, route                   string
	dstService, dstNamespace         string
	dstWorkload, dstVersion          string
	srcPrincipal, dstPrincipal, peer string
}

// edge is what a key stands for; its strings are owned.
type edge struct {
	src, dst record.Peer
	route    string
	capped   bool // a route or caller beyond the caps
}

// keyOf collects the key from an entry, and only what its direction uses.
func keyOf(e *wire.Entry, d direction) edgeKey {
	c := &e.Common
	key := edgeKey{direction: d, method: e.Request.Method, route: c.Route, cluster: c.Cluster}
	if d == inbound {
		key.srcPrincipal = first2(c.TLS.PeerURI, c.Tags.SrcPrincipal)
		key.dstPrincipal = c.TLS.LocalURI
		key.peer = e.Request.Peer
		return key
	}
	key.dstService, key.dstNamespace = c.Tags.DstService, c.Tags.DstNamespace
	key.dstWorkload, key.dstVersion = c.Tags.DstWorkload, c.Tags.DstVersion
	key.dstPrincipal = c.Tags.DstPrincipal
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
		&k.srcPrincipal, &k.dstPrincipal, &k.peer,
	} {
		*s = strings.Clone(*s)
	}
	return k
}

// edge returns what an entry's key stands for, working it out the first time.
func (s *Stream) edge(e *wire.Entry, d direction) *edge {
	key := keyOf(e, d)
	if known, ok := s.edges[key]; ok {
		return known
	}
	if len(s.edges) >= maxEdges {
		clear(s.edges)
	}
	key = key.clone()
	made := s.resolve(&key)
	s.edges[key] = made
	return made
}

// resolve names both ends and the route of a key, within the caps. The route is
// that of the caller's proxy, also of an arrival, so that both sides of a call
// are rows of the same edge.
func (s *Stream) resolve(k *edgeKey) *edge {
	e, told := &edge{}, ""
	if k.direction == inbound {
		e.dst = s.reporter.Peer
		e.dst.Principal = k.dstPrincipal
		e.src, told = s.caller(k)
	} else {
		e.src, e.dst = s.reporter.Peer, s.callee(k)
	}
	e.route = routeName(first2(told, k.route), k.method)
	if !s.caps.Route(&e.dst, e.route, told != "") {
		e.route, e.capped = Other, true
	}
	if !s.caps.Caller(&e.dst, e.src.ID) {
		e.src, e.capped = record.Peer{ID: record.UnknownID(Other)}, true
	}
	return e
}
