package record

import "time"

// LatencyKind tells what the histogram of an EdgeSample measured.
type LatencyKind uint8

// The kinds. The numbers are stored (Enum8) and never change.
const (
	LatencyNone         LatencyKind = 0 // no histogram
	LatencyFull         LatencyKind = 1 // first byte received to last byte sent
	LatencyTTFB         LatencyKind = 2
	LatencyUpstream     LatencyKind = 3 // the upstream's part alone
	LatencyServer       LatencyKind = 4
	LatencyResponseOnly LatencyKind = 5
)

var latencyKindNames = [...]string{"none", "full", "ttfb", "upstream", "server", "response_only"}

// String returns the name used in tables and answers, such as "full".
func (k LatencyKind) String() string { return enumName(latencyKindNames[:], uint8(k)) }

// LatencyKindNames lists the names in the order of their numbers.
func LatencyKindNames() []string { return append([]string(nil), latencyKindNames[:]...) }

// EdgeSample is what a metric-only source counted on one edge since its sample
// before: counter and histogram deltas, never totals. Samples of one source
// and vantage add up; those of different ones describe the same traffic and do
// not.
type EdgeSample struct {
	At       time.Time     // end of the interval, clamped like a Request's End
	Step     time.Duration // length of the interval
	Source   string        // "istio", "linkerd", "envoy", …
	Vantage  Vantage
	Src, Dst Peer
	Proxy    string // who was scraped, "" if not known
	Route    string
	Method   string
	Protocol string
	MTLS     MTLS

	Outcome    Outcome
	Code       uint16 // HTTP status, 0: not told
	GRPCStatus int8   // -1: none
	Flags      Flags

	Requests                    uint64
	Attempts                    uint64 // upstream tries, 0 if the source does not tell them
	RequestBytes, ResponseBytes uint64

	// Latency of the requests. Bounds are the upper bounds in µs, ascending, as
	// the source has them; Counts has one element more, for what lies above the
	// last bound, and is not cumulative.
	Latency    LatencyKind
	Bounds     []uint64
	Counts     []uint64
	LatencySum uint64 // µs

	Reset bool // the source's counters began anew within the interval: a lower bound
}
