package verdict

import (
	"time"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Input is all that a judgement rests on.
type Input struct {
	Healthy, Stressed Rows
	// Deadline is the time that the user waits at most; zero: not known.
	Deadline time.Duration
	// Outside is the time that user requests spend outside this edge, in the
	// healthy window.
	Outside Outside
	// Current is the policy in force; nil: not known. In a known policy an
	// absent field means that the mesh sets no such limit.
	Current *meshv1.TrafficPolicy
}

// Rows are the rows of one edge that completed in [From, To), all caller
// workloads and proxies together.
type Rows struct {
	From, To time.Time
	Tries    []Try
	Requests Requests
	// Capped: there were more rows than could be read; To is then where
	// reading stopped.
	Capped bool
}

// Try is one upstream try, as package record defines its fields.
type Try struct {
	End       time.Time
	Duration  uint32 // µs
	FirstByte uint32 // µs; 0: none came
	Call      uint64 // the same for all tries of one request; 0: not known
	Number    uint8  // 1-based; 0: not known
	Code      uint16
	Outcome   record.Outcome
	Flags     record.Flags
}

func (t Try) start() time.Time { return t.End.Add(-time.Duration(t.Duration) * time.Microsecond) }

// Requests counts the logical requests of an edge in a window.
type Requests struct {
	Total    uint64
	Attempts uint64 // tries made for them
	TimedOut uint64 // ended by the route timeout
}

// amplification returns tries per request, zero without requests.
func (r Requests) amplification() float64 {
	if r.Total == 0 {
		return 0
	}
	return float64(r.Attempts) / float64(r.Total)
}

// Outside measures how much of a user's waiting time is not this edge's: the
// longest request of a trace minus the trace's longest request on the edge.
type Outside struct {
	P99    time.Duration
	Traces uint64 // zero: not measured
}
