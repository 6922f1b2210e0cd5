package record

import "time"

// MTLS tells what protected a connection.
type MTLS uint8

// The states. The numbers are stored (Enum8) and never change.
const (
	MTLSUnknown MTLS = 0
	MTLSNone    MTLS = 1
	MTLSTLS     MTLS = 2 // TLS without a client certificate
	MTLSMutual  MTLS = 3
)

var mtlsNames = [...]string{"unknown", "none", "tls", "mtls"}

// String returns the name used in tables and answers, such as "mtls".
func (m MTLS) String() string { return enumName(mtlsNames[:], uint8(m)) }

// MTLSNames lists the names in the order of their numbers.
func MTLSNames() []string { return append([]string(nil), mtlsNames[:]...) }

// Request is one completed L7 request as one proxy saw it.
type Request struct {
	End      time.Time     // completion, clamped by ClampTime
	Skew     time.Duration // what clamping took away: observed − End
	Vantage  Vantage
	Src, Dst Peer

	Proxy    string // node id of the reporting proxy (Envoy's node.id)
	LogName  string
	Route    string // configured route name, else method and templated path; never a raw path
	Method   string
	Protocol string // "http1", "http2", "http3", "grpc", "tcp"
	Cluster  string // upstream cluster
	Upstream string // address of the last host tried, "ip:port"

	Code       uint16 // HTTP status, 0: no response
	GRPCStatus int8   // -1: none
	Outcome    Outcome
	Flags      Flags
	Details    string // Envoy's response code details
	MTLS       MTLS

	Duration  uint32 // µs, first byte received to last byte sent
	FirstByte uint32 // µs, first byte received to first upstream response byte; 0: none
	Attempts  uint8  // upstream tries, 0 when none was made

	RequestBytes, ResponseBytes uint64

	CallID    [16]byte // x-mesh-call: one per logical call; zero: none
	RequestID string
	TraceID   [16]byte
	SpanID    [8]byte
	Attempt   uint8 // x-envoy-attempt-count as this proxy received it (server vantage), 0: none
}

// Attempt is one upstream try, from the caller's proxy.
type Attempt struct {
	End      time.Time
	Skew     time.Duration
	Src, Dst Peer
	Proxy    string
	Route    string
	Method   string
	Cluster  string
	Upstream string

	Number     uint8 // 1-based; 0: not known
	Code       uint16
	GRPCStatus int8
	Outcome    Outcome
	Flags      Flags
	Failure    string // upstream transport failure reason

	Duration  uint32 // µs, start of the try to its end
	FirstByte uint32 // µs, request fully sent on an obtained connection to first response byte; 0: none came
	PoolWait  uint32 // µs until a connection was obtained

	CallID    [16]byte
	RequestID string
}
