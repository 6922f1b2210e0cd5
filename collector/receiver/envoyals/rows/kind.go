package rows

import "github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"

// Kind tells what an entry is worth.
type Kind uint8

// The kinds of entries.
const (
	Request  Kind = iota // a completed request
	Attempt              // a completed upstream try
	Flow                 // a closed connection
	Interim              // a report from the midst of a request or connection: not counted
	Unusable             // refused; the reason says why
)

// Reason is why an entry is refused.
type Reason uint8

// The reasons.
const (
	Malformed    Reason = iota
	NoIdentifier        // the stream never said who it is
	NoCommon            // no common_properties
	NoStart             // no start_time
	NoDirection         // neither a tag nor a cluster name tells inbound from outbound
	InboundTry          // a try of the server's proxy towards its own application
	Oversized           // in a message that is too large to be received; how many it held is not known
	ReasonCount         // how many there are
)

var reasonNames = [ReasonCount]string{
	"malformed", "no_identifier", "no_common_properties", "no_start_time", "no_direction", "inbound_try", "oversized_message",
}

// String returns the name used as label of the refusal counter.
func (r Reason) String() string {
	if r >= ReasonCount {
		return "unknown"
	}
	return reasonNames[r]
}

// tryLog is the log name of upstream tries. It decides only for Envoys that
// send no access_log_type.
const tryLog = "mesh.try"

// KindOf judges an HTTP entry of the log named logName.
func KindOf(e *wire.Entry, logName string) (Kind, Reason) {
	c := &e.Common
	kind := kindByType(c, logName)
	switch {
	case !e.HasCommon:
		return Unusable, NoCommon
	case kind == Interim:
		return Interim, 0
	case !c.Start.Set:
		return Unusable, NoStart
	}
	switch direction := directionOf(c); {
	case kind == Attempt && direction == inbound:
		return Unusable, InboundTry
	case kind == Request && direction == unknownDirection:
		return Unusable, NoDirection
	}
	return kind, 0
}

func kindByType(c *wire.Common, logName string) Kind {
	switch {
	case c.Type == wire.DownstreamEnd:
		return Request
	case c.Type == wire.UpstreamEnd:
		return Attempt
	case c.Type != wire.NotSet || c.Intermediate:
		return Interim
	case logName == tryLog:
		return Attempt
	}
	return Request
}

// KindOfTCP judges a TCP entry: Flow, Interim or Unusable.
func KindOfTCP(e *wire.TCPEntry) (Kind, Reason) {
	c := &e.Common
	switch {
	case !e.HasCommon:
		return Unusable, NoCommon
	case !ended(c):
		return Interim, 0
	case !c.Start.Set:
		return Unusable, NoStart
	case directionOf(c) == unknownDirection:
		return Unusable, NoDirection
	}
	return Flow, 0
}

func ended(c *wire.Common) bool {
	switch c.Type {
	case wire.TCPConnectionEnd, wire.UDPSessionEnd:
		return true
	case wire.NotSet:
		return !c.Intermediate
	}
	return false
}
