package graph

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// DefaultWindow is the length of the window when the caller names none.
const DefaultWindow = time.Minute

// fineKept is how long raw rows and buckets of 10 s are kept (the TTL of these
// tables in store/schema); minutes stay for longer.
const fineKept = 3 * 24 * time.Hour

// minutesKept is how long buckets of a minute are kept; hours stay for longer.
const minutesKept = 40 * 24 * time.Hour

// kept returns since when raw rows and buckets of 10 s are there as of now.
func kept(now time.Time) time.Time { return now.Add(-fineKept) }

// window is [from, to), never beyond the watermark.
type window struct{ from, to, watermark time.Time }

func (w window) length() time.Duration { return w.to.Sub(w.from) }

func (w window) proto() *typesv1.Window {
	return &typesv1.Window{
		From:      timestamppb.New(w.from),
		To:        timestamppb.New(w.to),
		Watermark: timestamppb.New(w.watermark),
	}
}

// resolve finds the window that a request means and cuts it at the watermark. A
// window that lies wholly beyond it becomes empty, and bounds that are too old
// for fine tables are moved to whole minutes, or hours. Bounds are rounded up to
// whole microseconds, the resolution of stored times, which moves no row in or
// out. A watermark that has stood still for so long is itself moved back to a whole
// minute, so that the last minutes before it are answered.
func resolve(req *graphv1.GetGraphRequest, watermark, now time.Time) (window, error) {
	if watermark.Before(kept(now)) {
		watermark = watermark.Truncate(time.Duration(Minute))
	}
	length, err := windowLength(req.GetWindow())
	if err != nil {
		return window{}, err
	}
	from, to := asTime(req.GetFrom()), asTime(req.GetTo())
	if !from.IsZero() && !to.IsZero() && req.GetWindow() != nil {
		return window{}, errors.New("from, to and window are all set: leave one out")
	}
	if to.IsZero() {
		to = watermark
		if !from.IsZero() && req.GetWindow() != nil {
			to = from.Add(length)
		} else if !from.IsZero() && from.After(to) {
			to = from.Add(1) // beyond the watermark: cut below
		}
	}
	if from.IsZero() {
		from = to.Add(-length)
	}
	if !from.Before(to) {
		return window{}, fmt.Errorf("from %s is not before to %s", from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
	}
	w := window{
		from:      earlier(microsecond(from), watermark),
		to:        earlier(microsecond(to), watermark),
		watermark: watermark,
	}
	return w.onGrid(Minute, kept(now)).onGrid(Hour, now.Add(-minutesKept)), nil
}

// onGrid moves bounds from before a time inwards to the grid of the finest grain
// that is kept for longer.
func (w window) onGrid(g Grain, old time.Time) window {
	if w.from.Before(old) {
		w.from = ceil(w.from, g)
	}
	if w.to.Before(old) {
		w.to = w.to.Truncate(time.Duration(g))
	}
	w.to = later(w.from, w.to)
	return w
}

func windowLength(d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return DefaultWindow, nil
	}
	if err := d.CheckValid(); err != nil {
		return 0, fmt.Errorf("window: %w", err)
	}
	if d.AsDuration() <= 0 {
		return 0, fmt.Errorf("window %s is not positive", d.AsDuration())
	}
	return d.AsDuration(), nil
}

func asTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func microsecond(t time.Time) time.Time {
	return ceil(t, Grain(time.Microsecond))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
