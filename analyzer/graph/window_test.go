package graph

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
)

func TestResolve(t *testing.T) {
	mark := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(offset time.Duration) *timestamppb.Timestamp { return timestamppb.New(mark.Add(offset)) }
	const min = time.Minute
	for _, c := range []struct {
		name     string
		req      *graphv1.GetGraphRequest
		from, to time.Duration // offsets from the watermark
		err      string
	}{
		{name: "nothing", req: &graphv1.GetGraphRequest{}, from: -min},
		{name: "window", req: &graphv1.GetGraphRequest{Window: durationpb.New(5 * min)}, from: -5 * min},
		{name: "from", req: &graphv1.GetGraphRequest{From: at(-3 * min)}, from: -3 * min},
		{name: "to", req: &graphv1.GetGraphRequest{To: at(-3 * min)}, from: -4 * min, to: -3 * min},
		{name: "from and window", req: &graphv1.GetGraphRequest{From: at(-3 * min), Window: durationpb.New(min)}, from: -3 * min, to: -2 * min},
		{name: "to and window", req: &graphv1.GetGraphRequest{To: at(-3 * min), Window: durationpb.New(2 * min)}, from: -5 * min, to: -3 * min},
		{name: "both", req: &graphv1.GetGraphRequest{From: at(-3 * min), To: at(-2 * min)}, from: -3 * min, to: -2 * min},
		{name: "cut", req: &graphv1.GetGraphRequest{From: at(-3 * min), To: at(min)}, from: -3 * min},
		{name: "wholly beyond", req: &graphv1.GetGraphRequest{From: at(min), To: at(2 * min)}},
		{name: "from beyond", req: &graphv1.GetGraphRequest{From: at(min)}},
		{name: "nanoseconds round up", req: &graphv1.GetGraphRequest{From: at(-3*min + 1), To: at(-2*min + 1)}, from: -3*min + time.Microsecond, to: -2*min + time.Microsecond},
		{
			name: "old bounds move inwards to minutes",
			req:  &graphv1.GetGraphRequest{From: at(-fineKept - 5*min + 1*time.Second), To: at(-fineKept - min - 30*time.Second)},
			from: -fineKept - 4*min, to: -fineKept - 2*min,
		},
		{
			name: "only the old bound moves",
			req:  &graphv1.GetGraphRequest{From: at(-fineKept - 5*min + 1*time.Second), To: at(-min + 7*time.Second)},
			from: -fineKept - 4*min, to: -min + 7*time.Second,
		},
		{
			name: "less than a minute, too old",
			req:  &graphv1.GetGraphRequest{From: at(-fineKept - 5*min + 10*time.Second), To: at(-fineKept - 5*min + 40*time.Second)},
			from: -fineKept - 4*min, to: -fineKept - 4*min,
		},
		{name: "empty", req: &graphv1.GetGraphRequest{From: at(-min), To: at(-min)}, err: "is not before"},
		{name: "backwards", req: &graphv1.GetGraphRequest{From: at(-min), To: at(-2 * min)}, err: "is not before"},
		{name: "all three", req: &graphv1.GetGraphRequest{From: at(-min), To: at(0), Window: durationpb.New(min)}, err: "leave one out"},
		{name: "zero window", req: &graphv1.GetGraphRequest{Window: durationpb.New(0)}, err: "not positive"},
		{name: "negative window", req: &graphv1.GetGraphRequest{Window: durationpb.New(-min)}, err: "not positive"},
		{name: "invalid window", req: &graphv1.GetGraphRequest{Window: &durationpb.Duration{Seconds: 1, Nanos: -1}}, err: "window:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := resolve(c.req, mark, mark)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := w.from.Sub(mark); got != c.from {
				t.Errorf("from is %s off the watermark, want %s", got, c.from)
			}
			if got := w.to.Sub(mark); got != c.to {
				t.Errorf("to is %s off the watermark, want %s", got, c.to)
			}
			if w.to.After(w.watermark) {
				t.Error("the window ends after the watermark")
			}
		})
	}
}

// TestResolveLongAfterTheWatermark: what is kept depends on the clock, not on a
// watermark that stands still because the collector is dead.
func TestResolveLongAfterTheWatermark(t *testing.T) {
	mark := time.Date(2026, 3, 1, 12, 0, 7, 500_000_000, time.UTC)
	minute := mark.Truncate(time.Minute)
	at := timestamppb.New
	for _, c := range []struct {
		name  string
		req   *graphv1.GetGraphRequest
		since time.Duration // from the watermark to now
		want  window
	}{
		{"a day: the last minute is exact", &graphv1.GetGraphRequest{}, 24 * time.Hour, window{mark.Add(-time.Minute), mark, mark}},
		{
			"a day: what the clock made too old moves", &graphv1.GetGraphRequest{From: at(mark.Add(-2*24*time.Hour - time.Second))},
			24*time.Hour + time.Second/2,
			window{minute.Add(time.Minute - 2*24*time.Hour), mark, mark},
		},
		{"just kept", &graphv1.GetGraphRequest{}, fineKept - time.Minute, window{mark.Add(-time.Minute), mark, mark}},
		{"not kept: the last whole minute", &graphv1.GetGraphRequest{}, fineKept + time.Second, window{minute.Add(-time.Minute), minute, minute}},
		{
			"not kept: to beyond", &graphv1.GetGraphRequest{From: at(minute.Add(-time.Hour)), To: at(mark.Add(time.Hour))},
			fineKept + time.Second,
			window{minute.Add(-time.Hour), minute, minute},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := resolve(c.req, mark, mark.Add(c.since))
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("window %v, want %v", got, c.want)
			}
		})
	}
}
