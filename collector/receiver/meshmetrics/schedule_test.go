package meshmetrics

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestOffset(t *testing.T) {
	const interval = 5 * time.Second
	var tenths [10]int
	for i := range 1000 {
		name := fmt.Sprintf("unix:///run/envoy-%d/admin.sock", i)
		d := offset(name, interval)
		if d != offset(name, interval) || d < 0 || d >= interval {
			t.Fatalf("%s is scraped after %v, then after %v", name, d, offset(name, interval))
		}
		tenths[d*10/interval]++
	}
	if slices.Min(tenths[:]) < 60 || slices.Max(tenths[:]) > 140 {
		t.Errorf("1000 targets are spread over the interval like %v", tenths)
	}
}

func TestPause(t *testing.T) {
	for _, test := range []struct {
		interval time.Duration
		failures int
		want     time.Duration
	}{
		{5 * time.Second, 0, 5 * time.Second},
		{5 * time.Second, 2, 5 * time.Second},
		{5 * time.Second, 3, 10 * time.Second},
		{5 * time.Second, 5, 40 * time.Second},
		{5 * time.Second, 6, time.Minute},
		{5 * time.Second, 1_000_000, time.Minute},
		{2 * time.Minute, 9, 2 * time.Minute},
	} {
		if got := pause(test.interval, test.failures); got != test.want {
			t.Errorf("pause(%v, %d) = %v, want %v", test.interval, test.failures, got, test.want)
		}
	}
}

// TestSchedule lets scrapes succeed, take longer than the interval, and fail,
// and looks at when they begin.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var at []int
		steps := []struct {
			takes time.Duration
			ok    bool
		}{{0, true}, {time.Second, true}, {12 * time.Second, true}, {0, true}, {0, false}, {0, false}, {0, false}, {0, false}, {0, true}, {0, true}}
		schedule(ctx, 5*time.Second, 2*time.Second, func(context.Context) bool {
			step := steps[len(at)]
			at = append(at, int(time.Since(began)/time.Second))
			if len(at) == len(steps) {
				cancel()
			}
			time.Sleep(step.takes)
			return step.ok
		})
		if want := []int{2, 7, 12, 27, 32, 37, 42, 52, 72, 77}; !slices.Equal(at, want) {
			t.Errorf("scrapes at %v s, want %v", at, want)
		}
	})
}
