package mapping

import (
	"math"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// Verdict says what a mapping makes of a series.
type Verdict uint8

// The verdicts.
const (
	Unmapped Verdict = iota // not on the allow-list
	Repeat                  // says what another series says
	Mapped
)

// Pace says how often a value is worth a row.
type Pace uint8

// The paces.
const (
	OnChange Pace = iota // a counter when it grew; a gauge when it changed, and now and then unless it is 0
	Always               // with each scrape: its absence would be read as a gap
	Slow                 // now and then: it changes with each scrape, and says little by that
)

// Stat is the place of a value in the statistics of a proxy.
type Stat struct {
	Scope  record.StatScope
	Object string
	Name   string // as Envoy names it: "circuit_breakers.default.rq_open"
	Kind   record.StatKind
	Pace   Pace
}

// Edge is what the series of one EdgeSample have in common.
type Edge struct {
	Vantage    record.Vantage
	Src, Dst   record.Peer
	Protocol   string
	MTLS       record.MTLS
	Outcome    record.Outcome
	Code       uint16
	GRPCStatus int8
	Flags      record.Flags
	Latency    record.LatencyKind // of its histogram, if it has one
}

// Field is the part of an EdgeSample to which a series adds.
type Field uint8

// The fields.
const (
	NoField       Field = iota // a Stat
	Requests                   // count
	RequestBytes               // bytes
	ResponseBytes              // bytes
	LatencySum                 // µs, after scaling
	LatencyBucket              // count at or below Place.Bound, cumulative as in Prometheus
)

// NoBound is the Bound of the bucket "+Inf".
const NoBound = math.MaxUint64

// Place is where a series belongs. It is comparable: two series with one place
// are one series under two names.
type Place struct {
	Stat  Stat    // if Field is NoField
	Edge  Edge    // else
	Field Field   // which part of the edge
	Bound uint64  // µs, of a LatencyBucket
	Scale float64 // what a value is multiplied by to be in the field's unit; 0: 1
}

// Labels are the labels of a series. Get returns "" for one that it does not
// have.
type Labels interface {
	Get(name string) string
}
