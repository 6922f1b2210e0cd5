package meshstore

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// numbers stores points that are one number each.
func (m *metricMaker) numbers(name string, points pmetric.NumberDataPointSlice, of seriesType) {
	called := nameOf(name)
	for i := range points.Len() {
		p := points.At(i)
		at, verdict := m.places.of(&called, p.Attributes(), &m.names)
		switch value, has := numberOf(p); {
		case verdict == mapping.Repeat, verdict == mapping.Unmapped && isEnvoys(p.Attributes()):
			m.tally.unkept[unusedStat]++
		case verdict == mapping.Unmapped:
			m.unknown(name, 1)
		case !has:
			m.tally.unkept[noNews]++
		case p.Timestamp() == 0:
			m.tally.unkept[noTime]++
		case at.Field == mapping.NoField:
			m.stat(&at, p, value, of)
		case at.Field == mapping.Requests:
			m.count(name, &at, p, value, of)
		default: // a sum of a histogram that came as a number
			m.unknown(name, 1)
		}
	}
}

// stat stores a value of a proxy's statistics.
func (m *metricMaker) stat(at *place, p pmetric.NumberDataPoint, value float64, of seriesType) {
	switch counts := at.Stat.Kind == record.StatCounter; {
	case m.sender.proxy == "":
		m.tally.unkept[noProxy]++
		return
	case counts != of.monotonic:
		m.tally.unkept[badData]++
		return
	}
	end, skew := record.ClampTime(p.Timestamp().AsTime(), m.growth.now)
	s := &record.ProxyStat{
		At: end, Proxy: m.sender.proxy, Node: m.sender.node, Source: at.source,
		Scope: at.Stat.Scope, Object: at.Stat.Object, Name: at.Stat.Name, Kind: at.Stat.Kind, Value: value, Total: value,
	}
	if m.worth(s, at.Stat.Pace, p, of) {
		m.store.ProxyStat(s)
		m.tally.row(statRow, skew)
	}
}

// worth puts the growth of a counter in the place of its total, and tells
// whether a value is worth a row. If not, it counts why.
func (m *metricMaker) worth(s *record.ProxyStat, pace mapping.Pace, p pmetric.NumberDataPoint, of seriesType) bool {
	key := seriesKey{sender: s.Proxy, series: s.Scope.String() + "\x00" + s.Object + "\x00" + s.Name}
	if s.Kind == record.StatGauge {
		if !m.gauges.worth(key, s.Value, s.At, pace) {
			m.tally.unkept[noNews]++
			return false
		}
		return true
	}
	c := m.growth.of(key, s.Total, p, of.temporality)
	if c.Kind.Refused() {
		m.tally.unkept[refusal(c.Kind)]++
		return false
	}
	if c.Growth == 0 && c.Kind != delta.First && pace != mapping.Always {
		m.tally.unkept[noNews]++
		return false
	}
	s.Value, s.Step, s.Reset = c.Growth, c.Step, c.Kind == delta.Reset
	if of.temporality == pmetric.AggregationTemporalityDelta {
		s.Total = 0 // not told
	}
	return true
}
