package meshmetrics

import (
	"math"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// gaugeState is what is remembered of a gauge.
type gaugeState struct {
	value  float64
	stored time.Time // of its last row; zero: never
	round  uint64    // in which it was read last
}

// counter hands over a counter if it grew, or if its absence would be read as a
// gap. One that is seen for the first time has its total alone, unless that is
// zero.
func (s *scraper) counter(at time.Time, r reading) {
	change := s.observe(at, r)
	if change.Kind.Refused() {
		return
	}
	fresh := change.Kind == delta.First && r.value > 0
	if change.Growth == 0 && change.Kind != delta.Reset && !fresh && r.place.Stat.Pace != mapping.Always {
		return
	}
	s.store(at, r, func(p *record.ProxyStat) {
		p.Value, p.Step, p.Reset = change.Growth, change.Step, change.Kind == delta.Reset
	})
}

// gauge hands over a gauge if it changed, and now and then unless it is zero.
func (s *scraper) gauge(at time.Time, r reading) {
	if math.IsNaN(r.value) || math.IsInf(r.value, 0) {
		s.telemetry.refused[refusedValue].Add(1)
		return
	}
	state, known := s.gauges[r.place]
	if known && state.round == s.round {
		s.telemetry.refused[refusedDuplicate].Add(1)
		return
	}
	due := !known || state.due(at, r.value, r.place.Stat.Pace)
	if due {
		state.stored = at
		s.store(at, r, func(p *record.ProxyStat) { p.Value = r.value })
	}
	state.value, state.round = r.value, s.round
	s.gauges[r.place] = state
}

// due tells whether a value is worth a row. A gauge that rests at zero is not:
// that it is zero was said when it became so.
func (g gaugeState) due(at time.Time, value float64, pace mapping.Pace) bool {
	old := at.Sub(g.stored) >= refreshEvery
	switch pace {
	case mapping.Always:
		return true
	case mapping.Slow:
		return old
	}
	return value != g.value || old && value != 0
}

// store hands over a row of a reading; fill says what is its own.
func (s *scraper) store(at time.Time, r reading, fill func(*record.ProxyStat)) {
	stat := r.place.Stat
	p := record.ProxyStat{
		At: at, Started: s.id.started, Proxy: s.id.proxy, Node: s.id.node, Source: s.mapping.Source,
		Scope: stat.Scope, Object: stat.Object, Name: stat.Name, Kind: stat.Kind, Total: r.value,
	}
	fill(&p)
	s.sink.ProxyStat(&p)
	s.telemetry.stats.Add(1)
}

// dropGauges forgets the gauges that this round's page did not have.
func (s *scraper) dropGauges() {
	for place, state := range s.gauges {
		if state.round != s.round {
			delete(s.gauges, place)
		}
	}
}

// upName is the gauge that says whether a scrape succeeded, as in Prometheus.
const upName = "up"

// reportUp hands over whether the scrape succeeded, so that what was not read
// can be told from what was zero. A target that was never read has no name to
// store it under, unless it was given one.
func (s *scraper) reportUp(at time.Time, ok bool) {
	if s.id.proxy == "" {
		s.id.proxy, s.id.node = s.target.Proxy, s.target.Node
	}
	value := 0.0
	if ok {
		value = 1
	}
	first := s.up.stored.IsZero()
	if s.id.proxy == "" || !first && value == s.up.value && at.Sub(s.up.stored) < refreshEvery {
		return
	}
	s.up = gaugeState{value: value, stored: at}
	place := mapping.Place{Stat: mapping.Stat{Scope: record.ScopeServer, Name: upName, Kind: record.StatGauge}}
	s.store(at, reading{place, value}, func(p *record.ProxyStat) { p.Value = value })
}
