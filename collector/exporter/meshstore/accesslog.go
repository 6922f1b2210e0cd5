package meshstore

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// maxStreams bounds the reporters that are remembered; a full memo starts
// afresh.
const maxStreams = 1024

// entryMaker makes rows of the entries of Envoy's OpenTelemetry access logger.
// It brings them into the form that gRPC access logs are decoded to: identity,
// vantage, times and outcome are then decided by the same code. It is not safe
// for concurrent use.
type entryMaker struct {
	caps     *rows.Caps
	streams  map[names]*rows.Stream // by what their resources tell
	reporter *names                 // of the current resource
	stream   *rows.Stream           // of the current resource, nil until an entry comes

	entry   wire.Entry
	tcp     wire.TCPEntry // the same, of a connection
	typ     string        // the entry's type, as Envoy names it
	req     record.Request
	attempt record.Attempt
	flow    record.Flow
	capped  rows.Capped // beyond which caps the last row is
}

func newEntryMaker(caps *rows.Caps) *entryMaker {
	return &entryMaker{caps: caps, streams: make(map[names]*rows.Stream)}
}

// setReporter says whose entries follow.
func (m *entryMaker) setReporter(n *names) { m.reporter, m.stream = n, nil }

// drop lets go of what was borrowed.
func (m *entryMaker) drop() {
	m.setReporter(nil)
	m.entry, m.tcp, m.typ = wire.Entry{}, wire.TCPEntry{}, ""
	m.req, m.attempt, m.flow = record.Request{}, record.Attempt{}, record.Flow{}
}

// take reads a record, and tells whether it is an entry at all: whether it says
// its type.
func (m *entryMaker) take(in plog.LogRecord) bool {
	m.entry, m.typ = wire.Entry{HasCommon: true}, ""
	for key, value := range in.Attributes().All() {
		m.attribute(key, value)
	}
	if m.typ == "" {
		return false
	}
	m.entry.Common.Type = typeOf(m.typ)
	if stamp := in.Timestamp(); stamp != 0 {
		m.entry.Common.Start = span(time.Duration(stamp))
	}
	return true
}

// kind judges the entry that was taken; why is the reason where it becomes no
// row.
func (m *entryMaker) kind() (kind rows.Kind, why reason) {
	kind, refusal := m.judge()
	switch {
	case kind == rows.Interim:
		return kind, interimLog
	case kind != rows.Unusable:
		return kind, 0
	}
	switch refusal {
	case rows.NoStart:
		return kind, noTime
	case rows.NoDirection:
		return kind, noDirection
	case rows.InboundTry:
		return kind, inboundTry
	}
	return kind, badEntry
}

func (m *entryMaker) judge() (rows.Kind, rows.Reason) {
	if !isConnection(m.typ) {
		return rows.KindOf(&m.entry, m.reporter[logPart])
	}
	m.tcp = wire.TCPEntry{
		HasCommon: true, Common: m.entry.Common, Received: m.entry.Request.BodyBytes, Sent: m.entry.Response.BodyBytes,
	}
	return rows.KindOfTCP(&m.tcp)
}

// makeRequest returns the row of an entry of kind Request. A trace that the
// entry tells only as a log record is the row's as well.
func (m *entryMaker) makeRequest(in plog.LogRecord, received time.Time) *record.Request {
	m.capped = m.reporting().Request(&m.entry, received, &m.req)
	if m.req.TraceID == ([16]byte{}) {
		m.req.TraceID, m.req.SpanID = in.TraceID(), in.SpanID()
	}
	return &m.req
}

// makeAttempt returns the row of an entry of kind Attempt.
func (m *entryMaker) makeAttempt(received time.Time) *record.Attempt {
	m.capped = m.reporting().Attempt(&m.entry, received, &m.attempt)
	return &m.attempt
}

// makeFlow returns the row of an entry of kind Flow.
func (m *entryMaker) makeFlow(received time.Time) *record.Flow {
	m.capped = m.reporting().Flow(&m.tcp, received, &m.flow)
	return &m.flow
}

// reporting returns the stream of the current resource.
func (m *entryMaker) reporting() *rows.Stream {
	if m.stream != nil {
		return m.stream
	}
	known, ok := m.streams[*m.reporter]
	if !ok {
		if len(m.streams) >= maxStreams {
			clear(m.streams)
		}
		owned := m.reporter.clone()
		known = rows.NewStream(owned.reporter(), m.caps)
		m.streams[owned] = known
	}
	m.stream = known
	return known
}

// isConnection tells whether a type is one of TCP or UDP proxies.
func isConnection(typ string) bool {
	return strings.HasPrefix(typ, "Tcp") || strings.HasPrefix(typ, "Udp")
}

// typeOf returns the number of a type of entry; one that ends nothing is from
// the midst of something.
func typeOf(name string) wire.Type {
	switch name {
	case "DownstreamEnd":
		return wire.DownstreamEnd
	case "UpstreamEnd":
		return wire.UpstreamEnd
	case "TcpConnectionEnd":
		return wire.TCPConnectionEnd
	case "UdpSessionEnd":
		return wire.UDPSessionEnd
	case "NotSet", dash: // the log's name decides
		return wire.NotSet
	}
	return midst
}

// midst is the type of any entry that is not counted: DownstreamPeriodic.
const midst wire.Type = 5

// span returns d in the form of protobuf's Duration and Timestamp.
func span(d time.Duration) wire.Span {
	return wire.Span{Seconds: int64(d / time.Second), Nanos: int32(d % time.Second), Set: true}
}
