package rows

import (
	"math"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Stream makes the rows of one access log stream. It is not safe for concurrent
// use.
type Stream struct {
	reporter  *Reporter
	caps      *Caps
	edges     edges
	addresses addresses
	window    window
}

// NewStream returns a stream of a reporter.
func NewStream(reporter *Reporter, caps *Caps) *Stream {
	return &Stream{reporter: reporter, caps: caps, edges: edges{all: make(map[edgeKey]*memo)}}
}

// Reporter returns whom the stream speaks for.
func (s *Stream) Reporter() *Reporter { return s.reporter }

// Request fills r from an entry of kind Request that was received at the given
// moment, and tells beyond which caps it is.
func (s *Stream) Request(e *wire.Entry, received time.Time, r *record.Request) Capped {
	c := &e.Common
	d := directionOf(c)
	key := keyOf(c, d, e.Request.Method, e.Request.Peer)
	edge := s.edge(&key)
	duration := durationOf(c)
	end, skew := s.end(c, duration, received)
	status := grpcStatus(&e.Response)
	flags := record.Flags(c.Flags)
	code := uint16(min(e.Response.Code, maxCode))
	trace, span := traceOf(e)
	*r = record.Request{
		End:           end,
		Skew:          skew,
		Vantage:       d.vantage(s.reporter.Gateway),
		Src:           edge.src,
		Dst:           edge.dst,
		Proxy:         s.reporter.Proxy,
		LogName:       s.reporter.LogName,
		Route:         edge.route,
		Method:        methodName(e.Request.Method),
		Protocol:      protocolOf(e, status),
		Cluster:       edge.cluster,
		Upstream:      s.addresses.text(c.Upstream),
		Code:          code,
		GRPCStatus:    status,
		Outcome:       record.Classify(code, status, flags, e.Response.Details),
		Flags:         flags,
		Details:       e.Response.Details,
		MTLS:          securityOf(c, d),
		Duration:      micros(duration),
		FirstByte:     firstByte(c),
		Attempts:      triesOf(c),
		RequestBytes:  e.Request.HeaderBytes + e.Request.BodyBytes,
		ResponseBytes: e.Response.HeaderBytes + e.Response.BodyBytes,
		CallID:        callID(e.Request.CallID),
		RequestID:     first2(e.Request.ID, c.StreamID),
		TraceID:       trace,
		SpanID:        span,
	}
	if d == inbound {
		r.Attempt = attemptNumber(e.Request.AttemptCount)
	}
	return edge.capped
}

// Attempt fills a from an entry of kind Attempt, and tells beyond which caps it
// is.
func (s *Stream) Attempt(e *wire.Entry, received time.Time, a *record.Attempt) Capped {
	c := &e.Common
	key := keyOf(c, outbound, e.Request.Method, "")
	edge := s.edge(&key)
	duration := durationOf(c)
	end, skew := s.end(c, duration, received)
	status := grpcStatus(&e.Response)
	flags := record.Flags(c.Flags)
	code := uint16(min(e.Response.Code, maxCode))
	*a = record.Attempt{
		End:        end,
		Skew:       skew,
		Src:        edge.src,
		Dst:        edge.dst,
		Proxy:      s.reporter.Proxy,
		Route:      edge.route,
		Method:     methodName(e.Request.Method),
		Cluster:    edge.cluster,
		Upstream:   s.addresses.text(c.Upstream),
		Number:     attemptNumber(e.Request.AttemptCount),
		Code:       code,
		GRPCStatus: status,
		Outcome:    record.ClassifyAttempt(code, status, flags, e.Response.Details),
		Flags:      flags,
		Failure:    c.Failure,
		Duration:   micros(duration),
		FirstByte:  tryFirstByte(c),
		PoolWait:   poolWait(c),
		CallID:     callID(e.Request.CallID),
		RequestID:  first2(e.Request.ID, c.StreamID),
	}
	return edge.capped
}

// traceOf returns the ids of the trace that a request belongs to: those that
// were passed on, else those that the proxy's tracer tells in tags.
func traceOf(e *wire.Entry) (trace [16]byte, span [8]byte) {
	if e.Request.TraceParent == "" {
		return taggedIDs(e.Common.Tags.TraceID, e.Common.Tags.SpanID)
	}
	return traceIDs(e.Request.TraceParent)
}

// triesOf returns how many tries were made. Envoy counts the one that found no
// healthy host, too, which never left.
func triesOf(c *wire.Common) uint8 {
	n := c.Attempts
	if n > 0 && record.Flags(c.Flags).Has(record.FlagUH) {
		n--
	}
	return uint8(min(n, math.MaxUint8))
}

// maxCode bounds a status code to the column it is stored in.
const maxCode = math.MaxUint16
