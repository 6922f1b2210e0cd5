package record

import "time"

// SpanKind is OpenTelemetry's span kind.
type SpanKind uint8

// The kinds, with OTLP's numbers. They are stored (Enum8) and never change.
const (
	SpanUnspecified SpanKind = 0
	SpanInternal    SpanKind = 1
	SpanServer      SpanKind = 2
	SpanClient      SpanKind = 3
	SpanProducer    SpanKind = 4
	SpanConsumer    SpanKind = 5
)

var spanKindNames = [...]string{"unspecified", "internal", "server", "client", "producer", "consumer"}

// String returns the name used in tables and answers, such as "server".
func (k SpanKind) String() string { return enumName(spanKindNames[:], uint8(k)) }

// SpanKindNames lists the names in the order of their numbers.
func SpanKindNames() []string { return append([]string(nil), spanKindNames[:]...) }

// SpanStatus is OpenTelemetry's span status.
type SpanStatus uint8

// The statuses, with OTLP's numbers. They are stored (Enum8) and never change.
const (
	StatusUnset SpanStatus = 0
	StatusOK    SpanStatus = 1
	StatusError SpanStatus = 2
)

var spanStatusNames = [...]string{"unset", "ok", "error"}

// String returns the name used in tables and answers, such as "error".
func (s SpanStatus) String() string { return enumName(spanStatusNames[:], uint8(s)) }

// SpanStatusNames lists the names in the order of their numbers.
func SpanStatusNames() []string { return append([]string(nil), spanStatusNames[:]...) }

// Attr is one attribute; values that are not text are written as JSON.
type Attr struct {
	Key, Value string
}

// Span is one OpenTelemetry span, of an application or of a proxy's tracer.
type Span struct {
	Start    time.Time     // clamped like a Request's End
	Skew     time.Duration // what clamping took away
	Duration uint64        // µs

	TraceID          [16]byte
	SpanID, ParentID [8]byte
	Kind             SpanKind
	Status           SpanStatus
	StatusMessage    string
	Name             string
	Scope            string // instrumentation scope

	Node    string // node id of who sent it, as in Peer.ID
	Service string // short service name
	Version string
	Peer    string // service or host on the other end, "" if not told
	Proxy   string // Envoy's node.id where its tracer made the span, else ""

	Code      uint16 // HTTP status, 0: none
	Flags     Flags  // response flags of Envoy's tracer
	RequestID string // x-request-id, where the span has it
	CallID    [16]byte

	Attrs    []Attr // the span's, without those that have fields above
	Resource []Attr
	Events   []SpanEvent
	Links    []SpanLink
}

// SpanEvent is an event of a span.
type SpanEvent struct {
	At    time.Time
	Name  string
	Attrs []Attr
}

// SpanLink is a link of a span to another.
type SpanLink struct {
	TraceID [16]byte
	SpanID  [8]byte
}

// Log is one log record of an application that belongs to a trace.
type Log struct {
	At       time.Time // clamped like a Request's End
	Skew     time.Duration
	TraceID  [16]byte
	SpanID   [8]byte
	Severity uint8 // OTLP's 1 to 24, 0: not told
	Node     string
	Service  string
	Version  string
	Scope    string
	Body     string // text; a structured body as JSON
	Attrs    []Attr
	Resource []Attr
}
