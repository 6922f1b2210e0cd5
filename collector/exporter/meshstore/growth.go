package meshstore

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
)

// growth tells what counters of one request gained.
//
// The start of a cumulative point is not believed: Envoy's sink moves it with
// every flush (envoy:source/extensions/stat_sinks/open_telemetry), which would
// make a reset of each. A counter that began anew shows by its lower value; if it
// is past the old one before it is read, what it gained before is not counted.
type growth struct {
	tracker *delta.Tracker[seriesKey]
	now     time.Time
}

// stamps are the times of a point.
type stamps interface {
	Timestamp() pcommon.Timestamp
	StartTimestamp() pcommon.Timestamp
}

// of returns how a value of a counter grew. A point of deltas says so itself.
func (g growth) of(key seriesKey, value float64, p stamps, temporality pmetric.AggregationTemporality) delta.Change {
	switch {
	case temporality == pmetric.AggregationTemporalityDelta:
		if !(value >= 0) || math.IsInf(value, 1) {
			return delta.Change{Kind: delta.Invalid}
		}
		return delta.Change{Kind: delta.Grown, Growth: value, Step: stepOf(p)}
	case temporality != pmetric.AggregationTemporalityCumulative:
		return delta.Change{Kind: delta.Invalid}
	}
	return g.tracker.Observe(g.now, key, delta.Point{Value: value, At: p.Timestamp().AsTime()})
}

// stepOf returns the interval of a point of deltas, 0 if it does not tell.
func stepOf(p stamps) time.Duration {
	start, end := p.StartTimestamp(), p.Timestamp()
	if start == 0 || end <= start {
		return 0
	}
	return time.Duration(end - start)
}

// refusal returns why a change that was refused is not kept.
func refusal(k delta.Kind) reason {
	switch k {
	case delta.Late:
		return noNews
	case delta.Full:
		return tooManySeries
	}
	return badData
}
