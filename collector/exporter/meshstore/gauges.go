package meshstore

import (
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
)

// gaugeEvery is how often a gauge is worth a row that does not change, or does
// with each reading.
const gaugeEvery = time.Minute

// gauges remembers the last row of each gauge. Safe for concurrent use.
type gauges struct {
	limit int

	mu   sync.Mutex
	last map[seriesKey]reading
}

type reading struct {
	value float64
	at    time.Time
}

func newGauges(limit int) *gauges { return &gauges{limit: limit, last: make(map[seriesKey]reading)} }

// worth tells whether a value is worth a row: when it changed, and now and then
// unless it is 0. With pace Slow it is now and then, with Always each time. A
// full memo starts afresh, which costs a row of each.
func (g *gauges) worth(key seriesKey, value float64, at time.Time, pace mapping.Pace) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before, known := g.last[key]
	due := at.Sub(before.at) >= gaugeEvery
	switch {
	case !known, pace == mapping.Always:
	case pace == mapping.Slow && !due:
		return false
	case pace == mapping.OnChange && value == before.value && !(due && value != 0):
		return false
	}
	if !known && len(g.last) >= g.limit {
		clear(g.last)
	}
	g.last[key] = reading{value, at}
	return true
}
