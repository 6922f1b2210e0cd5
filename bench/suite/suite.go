// Package suite runs measurements several times and reports each figure as the
// median of its runs, with the lowest and the highest beside it and the target
// it is held to.
//
// A Measurement yields one or more figures per run. What is compared is measured
// in the same run, one after the other, so that both meet the same machine: a
// ratio of one run means something on a noisy machine where a time does not.
package suite

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// Spec describes a figure.
type Spec struct {
	Name   string
	Unit   string
	Target Target
}

// Measurement measures some figures together.
type Measurement struct {
	Name    string
	What    string // one line for people
	Figures []Spec
	Runs    int // how often; 0: what the suite says
	// Once measures the figures once, in the order of Figures.
	Once func(ctx context.Context) ([]float64, error)
}

// Figure is the outcome for one Spec.
type Figure struct {
	Name   string    `json:"name"`
	Value  float64   `json:"value"` // median of Runs
	Unit   string    `json:"unit"`
	Target string    `json:"target"` // "" where none is set
	Holds  bool      `json:"holds"`
	Low    float64   `json:"low"`
	High   float64   `json:"high"`
	Runs   []float64 `json:"runs"`
}

// Run carries out the measurements, each so many times, and tells progress.
func Run(ctx context.Context, list []Measurement, runs int, progress io.Writer) ([]Figure, error) {
	var out []Figure
	for _, m := range list {
		figures, err := repeat(ctx, m, runs, progress)
		if err != nil {
			return out, fmt.Errorf("measuring %s: %w", m.Name, err)
		}
		out = append(out, figures...)
	}
	return out, nil
}

func repeat(ctx context.Context, m Measurement, runs int, progress io.Writer) ([]Figure, error) {
	if m.Runs > 0 {
		runs = m.Runs
	}
	all := make([][]float64, len(m.Figures))
	for n := range runs {
		began := time.Now()
		values, err := m.Once(ctx)
		if err != nil {
			return nil, err
		}
		if len(values) != len(m.Figures) {
			return nil, fmt.Errorf("a run gave %d values for %d figures", len(values), len(m.Figures))
		}
		for i, v := range values {
			all[i] = append(all[i], v)
		}
		fmt.Fprintf(progress, "%s: run %d of %d took %s\n", m.Name, n+1, runs, time.Since(began).Round(100*time.Millisecond))
	}
	figures := make([]Figure, len(m.Figures))
	for i, spec := range m.Figures {
		figures[i] = figure(spec, all[i])
	}
	return figures, nil
}

func figure(spec Spec, runs []float64) Figure {
	sorted := slices.Sorted(slices.Values(runs))
	f := Figure{Name: spec.Name, Unit: spec.Unit, Target: spec.Target.String(), Runs: runs}
	f.Value, f.Low, f.High = median(sorted), sorted[0], sorted[len(sorted)-1]
	f.Holds = spec.Target.Holds(f.Value)
	return f
}

// median returns the middle of ascending values, of two middles their mean.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
