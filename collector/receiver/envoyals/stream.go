package envoyals

import (
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// stream turns the messages of one access log stream into rows. Its scratch
// records are reused from entry to entry.
type stream struct {
	r     *alsReceiver
	rows  *rows.Stream // nil until the identifier came
	node  wire.Node    // the identifier
	proxy *proxy

	entry      wire.Entry
	connection wire.TCPEntry
	request    record.Request
	attempt    record.Attempt
	flow       record.Flow
	tally      tally

	working atomic.Bool  // while a message is being worked on
	last    atomic.Int64 // when it was done with, since the receiver was born
	warned  bool         // one warning about bad input per stream
}

// run reads messages until the stream breaks or ends.
func (s *stream) run(ss grpc.ServerStream) error {
	for {
		var m message
		if err := ss.RecvMsg(&m); err != nil {
			s.lost(err)
			return err
		}
		s.working.Store(true)
		s.message(m.bytes(), s.r.now())
		m.free()
		s.last.Store(int64(time.Since(s.r.born)))
		s.working.Store(false)
	}
}

// silent returns how long ago the last message was.
func (s *stream) silent() time.Duration {
	return time.Since(s.r.born) - time.Duration(s.last.Load())
}

// message stores the entries of one message. Bad input is counted and the rest
// of the message still used, as far as its borders are known.
func (s *stream) message(b []byte, received time.Time) {
	defer s.report()
	s.identify(b)
	cursor := wire.NewCursor(b)
	for {
		kind, entry, err := cursor.Next()
		switch {
		case err != nil:
			s.refuse(rows.Malformed)
			return
		case kind == wire.End:
			return
		case kind == wire.TCP:
			s.tcp(entry, received)
		default:
			s.http(entry, received)
		}
	}
}

// identify takes the reporter from a message that names one: the first of a
// stream.
func (s *stream) identify(b []byte) {
	var node wire.Node
	found, err := node.Identifier(b)
	if err != nil || !found {
		return // a message without good borders is counted by the walk over its entries
	}
	if s.rows != nil && s.node == node {
		return
	}
	s.leave()
	s.node = node.Clone()
	reporter := rows.NewReporter(&s.node)
	s.rows = rows.NewStream(reporter, s.r.caps)
	s.proxy = s.r.proxies.join(reporter.Proxy)
}

func (s *stream) leave() {
	if s.proxy != nil {
		s.r.proxies.leave(s.proxy, s.r.now())
		s.proxy = nil
	}
}

// http stores one HTTP entry.
func (s *stream) http(b []byte, received time.Time) {
	if s.rows == nil {
		s.refuse(rows.NoIdentifier)
		return
	}
	if err := s.entry.Decode(b); err != nil {
		s.refuse(rows.Malformed)
		return
	}
	switch kind, reason := rows.KindOf(&s.entry, s.rows.Reporter().LogName); kind {
	case rows.Request:
		capped := s.rows.Request(&s.entry, received, &s.request)
		s.r.sink.Request(&s.request)
		s.tally.requests[s.request.Outcome]++
		s.tally.mark(s.request.Skew, capped, &s.entry.Common)
	case rows.Attempt:
		capped := s.rows.Attempt(&s.entry, received, &s.attempt)
		s.r.sink.Attempt(&s.attempt)
		s.tally.attempts[s.attempt.Outcome]++
		s.tally.mark(s.attempt.Skew, capped, &s.entry.Common)
	case rows.Interim:
		s.tally.interim++
	default:
		s.refuse(reason)
	}
}

// tcp stores one TCP entry.
func (s *stream) tcp(b []byte, received time.Time) {
	if s.rows == nil {
		s.refuse(rows.NoIdentifier)
		return
	}
	if err := s.connection.Decode(b); err != nil {
		s.refuse(rows.Malformed)
		return
	}
	switch kind, reason := rows.KindOfTCP(&s.connection); kind {
	case rows.Flow:
		capped := s.rows.Flow(&s.connection, received, &s.flow)
		s.r.sink.Flow(&s.flow)
		s.tally.flows[s.flow.Outcome]++
		s.tally.mark(s.flow.Skew, capped, &s.connection.Common)
	case rows.Interim:
		s.tally.interim++
	default:
		s.refuse(reason)
	}
}

// lost counts a message that was too large to be received.
func (s *stream) lost(err error) {
	if status.Code(err) == codes.ResourceExhausted {
		s.refuse(rows.Oversized)
		s.report()
	}
}

// refuse counts an entry that is not stored.
func (s *stream) refuse(reason rows.Reason) {
	s.tally.refused[reason]++
	if s.warned {
		return
	}
	s.warned = true
	name := ""
	if s.rows != nil {
		name = s.rows.Reporter().Proxy
	}
	s.r.log.Warn("access log entry refused; more of this stream are only counted",
		zap.Stringer("reason", reason), zap.String("proxy", name))
}

// report adds what one message brought to the counters.
func (s *stream) report() {
	s.r.telemetry.add(&s.tally)
	if s.proxy != nil {
		s.proxy.add(&s.tally)
	}
	s.tally = tally{}
}
