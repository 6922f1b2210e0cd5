package meshstore

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/mapping"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// sample begins the sample of a place on an edge.
func (m *metricMaker) sample(at *place) *record.EdgeSample {
	e := &at.Edge
	return &record.EdgeSample{
		Source: at.source, Vantage: e.Vantage, Src: e.Src, Dst: e.Dst, Proxy: m.names[nodePart], Protocol: e.Protocol,
		MTLS: e.MTLS, Outcome: e.Outcome, Code: e.Code, GRPCStatus: e.GRPCStatus, Flags: e.Flags,
	}
}

// count stores what a counter of requests gained.
func (m *metricMaker) count(name string, at *place, p pmetric.NumberDataPoint, value float64, of seriesType) {
	if !of.monotonic {
		m.tally.unkept[badData]++
		return
	}
	c := m.growth.of(m.keyOf(name, p.Attributes()), value, p, of.temporality)
	if m.grown(c) {
		s := m.sample(at)
		s.Requests, s.Step, s.Reset = uint64(c.Growth), c.Step, c.Kind == delta.Reset
		m.putEdge(s, p)
	}
}

// grown tells whether a counter gained anything, or counts why it is not known.
func (m *metricMaker) grown(c delta.Change) bool {
	switch {
	case c.Kind.Refused():
		m.tally.unkept[refusal(c.Kind)]++
	case c.Kind == delta.First:
		m.tally.unkept[firstPoint]++
	case c.Growth < 1:
		m.tally.unkept[noNews]++
	default:
		return true
	}
	return false
}

func (m *metricMaker) putEdge(s *record.EdgeSample, p stamps) {
	at, skew := record.ClampTime(p.Timestamp().AsTime(), m.growth.now)
	s.At = at
	m.store.EdgeSample(s)
	m.tally.row(edgeRow, skew)
}

// histograms stores what histograms of latency and of bytes gained. Mappings
// know them by their parts in Prometheus: the sum tells which field it is.
func (m *metricMaker) histograms(name string, h pmetric.Histogram) {
	points, called := h.DataPoints(), nameOf(name+"_sum")
	for i := range points.Len() {
		p := points.At(i)
		at, verdict := m.places.of(&called, p.Attributes(), &m.names)
		switch {
		case verdict == mapping.Unmapped && isEnvoys(p.Attributes()):
			m.tally.unkept[unusedStat]++
		case verdict != mapping.Mapped, at.Field == mapping.NoField:
			m.unknown(name, 1)
		case p.Flags().NoRecordedValue():
			m.tally.unkept[noNews]++
		case p.Timestamp() == 0:
			m.tally.unkept[noTime]++
		default:
			m.histogram(name, &at, p, h.AggregationTemporality())
		}
	}
}

func (m *metricMaker) histogram(name string, at *place, p pmetric.HistogramDataPoint, temporality pmetric.AggregationTemporality) {
	s, ok := m.sample(at), false
	key := m.keyOf(name, p.Attributes())
	switch at.Field {
	case mapping.LatencySum:
		s.Latency = at.Edge.Latency
		ok = m.bins(key, at.Scale, p, temporality, s)
	case mapping.RequestBytes:
		s.RequestBytes, ok = m.bytes(key, p, temporality, s)
	case mapping.ResponseBytes:
		s.ResponseBytes, ok = m.bytes(key, p, temporality, s)
	}
	if ok {
		m.putEdge(s, p)
	}
}

// bytes returns what the sum of a histogram gained.
func (m *metricMaker) bytes(key seriesKey, p pmetric.HistogramDataPoint, temporality pmetric.AggregationTemporality, s *record.EdgeSample) (uint64, bool) {
	key.part = sumPart
	c := m.growth.of(key, p.Sum(), p, temporality)
	s.Step, s.Reset = c.Step, c.Kind == delta.Reset
	return scaled(c.Growth, 1), m.grown(c)
}

// bins fills in what the buckets and the sum of a histogram gained. There is one
// bucket more than bounds (OTLP, HistogramDataPoint).
func (m *metricMaker) bins(key seriesKey, scale float64, p pmetric.HistogramDataPoint, temporality pmetric.AggregationTemporality, s *record.EdgeSample) bool {
	bounds := p.ExplicitBounds()
	if p.BucketCounts().Len() != bounds.Len()+1 || !ascending(bounds) {
		m.tally.unkept[badData]++
		return false
	}
	key.series += fmt.Sprint(bounds.AsRaw()) // other bounds are another series
	for _, bound := range bounds.All() {
		s.Bounds = append(s.Bounds, scaled(bound, scale))
	}
	if p.HasSum() {
		key.part = sumPart
		s.LatencySum = scaled(m.growth.of(key, p.Sum(), p, temporality).Growth, scale)
	}
	return m.buckets(key, p, temporality, s)
}

// buckets fills in the counts. Each bucket is a counter of its own; they begin
// anew together, but only a lower value shows it.
func (m *metricMaker) buckets(key seriesKey, p pmetric.HistogramDataPoint, temporality pmetric.AggregationTemporality, s *record.EdgeSample) bool {
	all := delta.Change{Kind: delta.First}
	for part, count := range p.BucketCounts().All() {
		key.part = part
		c := m.growth.of(key, float64(count), p, temporality)
		if c.Kind.Refused() {
			m.tally.unkept[refusal(c.Kind)]++
			return false
		}
		if c.Kind != delta.First {
			all.Kind = delta.Grown
		}
		all.Growth += c.Growth
		s.Step, s.Reset = c.Step, s.Reset || c.Kind == delta.Reset
		s.Counts = append(s.Counts, uint64(c.Growth))
	}
	return m.grown(all)
}

// ascending tells whether bounds are finite, positive and rising.
func ascending(bounds pcommon.Float64Slice) bool {
	before := 0.0
	for _, b := range bounds.All() {
		if !(b > before) || math.IsInf(b, 1) {
			return false
		}
		before = b
	}
	return true
}

// scaled returns n in another unit, rounded and within what is stored.
func scaled(n, scale float64) uint64 {
	return uint64(min(max(math.Round(n*scale), 0), math.MaxInt64))
}

// keyOf names the series of a point: by its resource, too, since several pods
// send points that are alike.
func (m *metricMaker) keyOf(name string, attrs pcommon.Map) seriesKey {
	if m.key == "" {
		m.key = "resource" + attrKey(m.resource)
	}
	return seriesKey{sender: m.key, series: name + attrKey(attrs)}
}

// attrKey is the text form of attributes, whatever their order.
func attrKey(attrs pcommon.Map) string {
	pairs := make([]string, 0, attrs.Len())
	for key, value := range attrs.All() {
		pairs = append(pairs, key+"\x01"+value.AsString())
	}
	slices.Sort(pairs)
	return "\x00" + strings.Join(pairs, "\x00")
}
