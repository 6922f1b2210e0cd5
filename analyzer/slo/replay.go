package slo

import (
	"context"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/exclude"
)

// Replay is traffic that somebody wrote down, in place of the store: one count
// per Grid bucket from Start on, per service that an indicator names. Before
// Start nobody looked; after the last bucket there is no traffic.
type Replay struct {
	start time.Time
	sums  map[string][]Count // running, one more than buckets
	blind []Window
}

// NewReplay returns traffic; blind lists the stretches that nobody saw, in
// order.
func NewReplay(start time.Time, traffic map[string][]Count, blind []Window) *Replay {
	r := &Replay{start: start, sums: map[string][]Count{}, blind: blind}
	for service, buckets := range traffic {
		sums := make([]Count, len(buckets)+1)
		for i, c := range buckets {
			sums[i+1] = sums[i].Add(c)
		}
		r.sums[service] = sums
	}
	return r
}

// Evaluator evaluates an SLO over the traffic, at a watermark that has no delay.
func (r *Replay) Evaluator(slos ...*SLO) *Evaluator {
	return &Evaluator{source: r, slos: slos, watermark: func(_ context.Context, at time.Time) (time.Time, string, error) { return at, "", nil }}
}

func (r *Replay) between(in Indicator, w Window) Count {
	sums := r.sums[in.Service]
	if len(sums) == 0 {
		return Count{}
	}
	at := func(t time.Time) Count { return sums[min(max(0, int(t.Sub(r.start)/Grid)), len(sums)-1)] }
	from, to := at(w.From), at(w.To)
	return Count{Good: to.Good - from.Good, Total: to.Total - from.Total}
}

func (r *Replay) counts(_ context.Context, in Indicator, windows, cuts []Window) ([]Count, error) {
	list := make([]Count, len(windows))
	for i, w := range windows {
		for _, piece := range exclude.Rest(w, cuts) {
			list[i] = budget.Sum(list[i], r.between(in, piece))
		}
	}
	return list, nil
}

func (r *Replay) series(_ context.Context, in Indicator, w Window, width time.Duration) ([]Count, error) {
	list := make([]Count, w.Len()/width)
	for i := range list {
		from := w.From.Add(time.Duration(i) * width)
		list[i] = r.between(in, Window{From: from, To: from.Add(width)})
	}
	return list, nil
}

func (r *Replay) sight(_ context.Context, w Window) (Sight, error) {
	s := Sight{First: r.start}
	for _, b := range r.blind {
		if b = b.Clip(w); !b.Empty() {
			s.Blind = append(s.Blind, b)
		}
	}
	return s, nil
}
