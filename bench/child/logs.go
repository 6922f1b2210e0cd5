package child

import (
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/ingest"
)

// logs makes rows of access logs as the receiver does, by one decoder or
// another.
type logs struct {
	rows    rowsTo
	decode  func(b []byte, received time.Time, to *rowsTo) (int, error)
	streams map[*byte]*rows.Stream // by the message that began it
}

func newLogs(p *ingest.Pipeline, decode func([]byte, time.Time, *rowsTo) (int, error)) *logs {
	return &logs{rows: rowsTo{pipeline: p}, decode: decode, streams: map[*byte]*rows.Stream{}}
}

// message reads one message. A proxy names itself once in the life of a stream:
// only the first time that a message is sent its identifier is read.
func (l *logs) message(b []byte) (int, error) {
	if known, ok := l.streams[&b[0]]; ok {
		if known != nil {
			l.rows.stream = known
		}
		return l.decode(b, time.Now(), &l.rows)
	}
	var node wire.Node
	found, err := node.Identifier(b)
	if err != nil {
		return 0, err
	}
	l.streams[&b[0]] = nil
	if found {
		l.rows.begin(&node)
		l.streams[&b[0]] = l.rows.stream
	}
	return l.decode(b, time.Now(), &l.rows)
}

// rowsTo makes records of decoded entries and hands them to a pipeline.
type rowsTo struct {
	pipeline *ingest.Pipeline
	caps     *rows.Caps
	stream   *rows.Stream
	request  record.Request
	attempt  record.Attempt
}

// begin turns to the stream of an identifier.
func (r *rowsTo) begin(n *wire.Node) {
	if r.caps == nil {
		r.caps = rows.NewCaps()
	}
	r.stream = rows.NewStream(rows.NewReporter(n), r.caps)
}

func (r *rowsTo) entry(e *wire.Entry, received time.Time) error {
	switch kind, reason := rows.KindOf(e, r.stream.Reporter().LogName); kind {
	case rows.Request:
		r.stream.Request(e, received, &r.request)
		r.pipeline.Request(&r.request)
	case rows.Attempt:
		r.stream.Attempt(e, received, &r.attempt)
		r.pipeline.Attempt(&r.attempt)
	default:
		return fmt.Errorf("an entry of the recording is refused: %v", reason)
	}
	return nil
}

// ownDecoder reads the wire format directly.
func ownDecoder(b []byte, received time.Time, to *rowsTo) (n int, err error) {
	var e wire.Entry
	cursor := wire.NewCursor(b)
	for {
		kind, raw, err := cursor.Next()
		if err != nil || kind == wire.End {
			return n, err
		}
		if err := e.Decode(raw); err != nil {
			return n, err
		}
		if err := to.entry(&e, received); err != nil {
			return n, err
		}
		n++
	}
}
