package meshstore

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/plimsoll-mesh/plimsoll/collector/internal/delta"
)

// Bounds of what is remembered of series.
const (
	maxSeries  = 500_000
	seriesIdle = 15 * time.Minute
)

// metrics is the exporter of proxies' statistics and meshes' metrics.
type metrics struct {
	*base
	tracker *delta.Tracker[seriesKey]
	gauges  *gauges
	places  places
}

// seriesKey names one cumulative value: a counter, or a part of a histogram.
type seriesKey struct {
	sender string // proxy, or resource
	series string
	part   int // of a histogram: its bucket, or sumPart; 0 for a counter
}

// sumPart is the part of a histogram that is the sum of its values.
const sumPart = -1

func newMetrics(b *base) *metrics {
	return &metrics{
		base:    b,
		tracker: delta.New[seriesKey](delta.Options{Limit: maxSeries, Idle: seriesIdle}, b.now()),
		gauges:  newGauges(maxSeries),
		places:  newPlaces(),
	}
}

// ConsumeMetrics stores the data points, and returns when they are durable.
func (e *metrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return e.consume(ctx, func(t *tally) {
		m := metricMaker{
			growth: growth{e.tracker, e.now()}, gauges: e.gauges, places: e.places, tally: t, store: e.store, families: &e.telemetry.families,
		}
		m.all(md)
	})
}

// metricMaker makes rows of the metrics of one request.
type metricMaker struct {
	growth   growth
	gauges   *gauges
	places   places
	tally    *tally
	store    Store
	families *families

	resource pcommon.Map
	names    names
	sender   sender // the proxy that the resource tells
	key      string // the resource as part of a series' name, "" until it is needed
}

func (m *metricMaker) all(md pmetric.Metrics) {
	resources := md.ResourceMetrics()
	for i := range resources.Len() {
		rm := resources.At(i)
		m.setResource(rm.Resource().Attributes())
		scopes := rm.ScopeMetrics()
		for j := range scopes.Len() {
			list := scopes.At(j).Metrics()
			for k := range list.Len() {
				m.one(list.At(k))
			}
		}
	}
}

func (m *metricMaker) setResource(attrs pcommon.Map) {
	m.resource, m.names, m.key = attrs, namesOf(attrs), ""
	m.sender = m.names.proxy()
}

// one stores the points of a metric that a mapping knows, and counts the others.
func (m *metricMaker) one(in pmetric.Metric) {
	switch name := in.Name(); in.Type() {
	case pmetric.MetricTypeGauge:
		m.numbers(name, in.Gauge().DataPoints(), gaugeSeries)
	case pmetric.MetricTypeSum:
		m.numbers(name, in.Sum().DataPoints(), seriesType{in.Sum().IsMonotonic(), in.Sum().AggregationTemporality()})
	case pmetric.MetricTypeHistogram:
		m.histograms(name, in.Histogram())
	case pmetric.MetricTypeExponentialHistogram:
		m.unknown(name, in.ExponentialHistogram().DataPoints().Len())
	case pmetric.MetricTypeSummary:
		m.unknown(name, in.Summary().DataPoints().Len())
	}
}

// unknown counts points of a metric that nobody knows.
func (m *metricMaker) unknown(name string, points int) {
	m.tally.unkept[otherMetric] += uint64(points)
	m.families.add(name, uint64(points))
}

// seriesType is how the points of a metric add up.
type seriesType struct {
	monotonic   bool
	temporality pmetric.AggregationTemporality
}

// gaugeSeries is the type of points that do not.
var gaugeSeries = seriesType{}

// numberOf returns the value of a point, and whether it has one.
func numberOf(p pmetric.NumberDataPoint) (float64, bool) {
	if p.Flags().NoRecordedValue() {
		return 0, false
	}
	switch p.ValueType() {
	case pmetric.NumberDataPointValueTypeInt:
		return float64(p.IntValue()), true
	case pmetric.NumberDataPointValueTypeDouble:
		return p.DoubleValue(), true
	}
	return 0, false
}
