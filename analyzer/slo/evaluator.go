package slo

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/exclude"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// WatermarkFunc returns up to which completion time all rows are stored, as
// known at a time; a zero time and the reason if nobody can tell.
type WatermarkFunc func(ctx context.Context, at time.Time) (watermark time.Time, reason string, err error)

// source supplies counts. The store is one; tests script another.
type source interface {
	// counts returns one count per window, without what lies in the cuts.
	counts(ctx context.Context, in Indicator, windows, cuts []Window) ([]Count, error)
	// series returns one count per bucket of the window, of Grid or a minute.
	series(ctx context.Context, in Indicator, w Window, width time.Duration) ([]Count, error)
	// sight tells which parts of the window were seen.
	sight(ctx context.Context, w Window) (Sight, error)
}

// Evaluator answers how SLOs stand. It has no state and is safe for concurrent
// use.
type Evaluator struct {
	source    source
	watermark WatermarkFunc
	slos      []*SLO
	excluded  []exclude.Exclusion
}

// NewEvaluator returns an evaluator of the given SLOs over the rollups behind
// conn.
func NewEvaluator(conn driver.Conn, watermark WatermarkFunc, slos []*SLO) *Evaluator {
	return &Evaluator{source: store{conn}, watermark: watermark, slos: slos}
}

// Exclude makes the evaluator leave out what the exclusions cover, in the past
// too. Call it before the first evaluation.
func (e *Evaluator) Exclude(list []exclude.Exclusion) { e.excluded = list }

// SLOs returns the SLOs in the order of their files. It must not be changed.
func (e *Evaluator) SLOs() []*SLO { return e.slos }

// Status evaluates one SLO as of a time. Its windows end at the watermark of
// that time, or at the time itself if that is earlier, on the grid.
func (e *Evaluator) Status(ctx context.Context, s *SLO, at time.Time) (Status, error) {
	list, err := e.evaluate(ctx, []*SLO{s}, at)
	if err != nil {
		return Status{}, err
	}
	return list[0], nil
}

// Statuses evaluates all SLOs as of a time, at one watermark.
func (e *Evaluator) Statuses(ctx context.Context, at time.Time) ([]Status, error) {
	return e.evaluate(ctx, e.slos, at)
}

func (e *Evaluator) evaluate(ctx context.Context, slos []*SLO, at time.Time) ([]Status, error) {
	watermark, reason, err := e.watermark(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("evaluating slos: %w", err)
	}
	list := make([]Status, 0, len(slos))
	seen := map[Window]Sight{} // SLOs of one period share it
	for _, s := range slos {
		if watermark.IsZero() {
			list = append(list, unseen(s, at, reason))
			continue
		}
		windows := windowsOf(s, end(at, watermark))
		whole := window.Hull(windows)
		if _, ok := seen[whole]; !ok {
			if seen[whole], err = e.source.sight(ctx, whole); err != nil {
				return nil, fmt.Errorf("evaluating slo %s: %w", s.Name, err)
			}
		}
		m := measure{e.source, s, windows, e.cuts(s, whole), seen[whole]}
		counts, err := m.counts(ctx)
		if err != nil {
			return nil, fmt.Errorf("evaluating slo %s: %w", s.Name, err)
		}
		list = append(list, judge(s, at, watermark, windows, counts, seen[whole]))
	}
	return list, nil
}

// Counts returns what an SLO counted in its period and in rolling windows of the
// given lengths, all ended as those of Status are.
func (e *Evaluator) Counts(ctx context.Context, s *SLO, at time.Time, lengths []time.Duration) ([]Count, error) {
	watermark, reason, err := e.watermark(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("counting for slo %s: %w", s.Name, err)
	}
	if watermark.IsZero() {
		return nil, fmt.Errorf("counting for slo %s: %s", s.Name, reason)
	}
	to := windowsOf(s, end(at, watermark))[0].To
	windows := []Window{period(s, to)}
	for _, d := range lengths {
		windows = append(windows, window.Before(to, d))
	}
	whole := window.Hull(windows)
	seen, err := e.source.sight(ctx, whole)
	if err != nil {
		return nil, fmt.Errorf("counting for slo %s: %w", s.Name, err)
	}
	return measure{e.source, s, windows, e.cuts(s, whole), seen}.counts(ctx)
}

// cuts returns what does not count for an SLO.
func (e *Evaluator) cuts(s *SLO, w Window) []Window {
	var list []exclude.Exclusion
	for _, x := range e.excluded {
		if x.Covers(s.Name, s.Service) {
			list = append(list, x)
		}
	}
	return exclude.Windows(list, w)
}

// end returns where windows end: on the grid, never after the watermark or the
// time asked for.
func end(at, watermark time.Time) time.Time {
	if watermark.Before(at) {
		at = watermark
	}
	return window.Floor(at, Grid)
}
