package slo

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// counted is a script that counts what is asked of it.
type counted struct {
	script
	mu     *sync.Mutex
	sights map[Window]int
}

func (c counted) sight(ctx context.Context, w Window) (Sight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sights[w]++
	return c.script.sight(ctx, w)
}

// TestStatusesShare: all SLOs of an evaluation have one watermark, and those of
// one period one look at the heartbeats.
func TestStatusesShare(t *testing.T) {
	a, b, longer := demo(), demo(), demo()
	b.Name, longer.Name, longer.Period = "b", "longer", 2*h
	src := counted{script{start: t0, buckets: repeat(360, Count{Good: 99, Total: 100})}, new(sync.Mutex), map[Window]int{}}
	asked := 0
	e := &Evaluator{source: src, slos: []*SLO{a, b, longer}, watermark: func(_ context.Context, at time.Time) (time.Time, string, error) {
		asked++
		return at.Add(-7 * s), "", nil
	}}
	list, err := e.Statuses(t.Context(), t0.Add(h))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[Window]int{span(-10*s, h-10*s): 1, span(-h-10*s, h-10*s): 1}; asked != 1 || !cmp.Equal(want, src.sights) {
		t.Errorf("%d watermarks, heartbeats of %v", asked, src.sights)
	}
	for i, slo := range e.SLOs() {
		st, err := e.Status(t.Context(), slo, t0.Add(h))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list[i], st); diff != "" {
			t.Errorf("%s alone differs: %s", slo.Name, diff)
		}
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	e := evaluatorOf(script{start: t0, buckets: repeat(360, Count{Good: 50, Total: 100})}, demo())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := e.Statuses(t.Context(), t0.Add(time.Duration(i)*m)); err != nil {
				t.Error(err)
			}
			if _, _, err := e.LastBurn(t.Context(), t0.Add(time.Duration(i)*m)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestWatermarkErrors(t *testing.T) {
	e := &Evaluator{source: script{start: t0}, slos: []*SLO{demo()}, watermark: func(context.Context, time.Time) (time.Time, string, error) {
		return time.Time{}, "", errors.New("store is gone")
	}}
	if _, err := e.Statuses(t.Context(), t0); errText(err) != "evaluating slos: store is gone" {
		t.Errorf("error = %v", err)
	}
	if _, _, err := e.LastBurn(t.Context(), t0); errText(err) != "looking for burns: store is gone" {
		t.Errorf("error = %v", err)
	}
}

// TestNoWatermarkNoBurn: without a watermark nothing is known, and that is no
// error.
func TestNoWatermarkNoBurn(t *testing.T) {
	e := &Evaluator{source: script{start: t0, buckets: repeat(9, Count{Good: 0, Total: 1})}, slos: []*SLO{demo()}, watermark: func(context.Context, time.Time) (time.Time, string, error) {
		return time.Time{}, "no live collector", nil
	}}
	if _, found, err := e.LastBurn(t.Context(), t0.Add(m)); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}
