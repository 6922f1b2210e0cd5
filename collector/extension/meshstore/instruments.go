package meshstore

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// instruments makes metrics and keeps the errors.
type instruments struct {
	meter metric.Meter
	err   error
}

func keep[T any](m *instruments) func(T, error) T {
	return func(instrument T, err error) T {
		m.err = errors.Join(m.err, err)
		return instrument
	}
}

func (m *instruments) counter(name, unit, description string) metric.Int64ObservableCounter {
	return keep[metric.Int64ObservableCounter](m)(m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description)))
}

func (m *instruments) seconds(name, unit, description string) metric.Float64ObservableCounter {
	return keep[metric.Float64ObservableCounter](m)(m.meter.Float64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description)))
}

func (m *instruments) level(name, unit, description string) metric.Int64ObservableUpDownCounter {
	return keep[metric.Int64ObservableUpDownCounter](m)(m.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description)))
}

func (m *instruments) gauge(name, unit, description string) metric.Float64ObservableGauge {
	return keep[metric.Float64ObservableGauge](m)(m.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description)))
}

// sizes has a border at each power of four, from 1 KiB to 16 MiB.
func (m *instruments) sizes(name, unit, description string) metric.Int64Histogram {
	return keep[metric.Int64Histogram](m)(m.meter.Int64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(1<<10, 4<<10, 16<<10, 64<<10, 256<<10, 1<<20, 4<<20, 16<<20)))
}

// times has borders from a millisecond to a minute.
func (m *instruments) times(name, unit, description string) metric.Float64Histogram {
	return keep[metric.Float64Histogram](m)(m.meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60)))
}
