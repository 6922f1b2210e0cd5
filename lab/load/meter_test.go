package load

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMeterSums(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := &Meter{start: start}
	sleep := func(at, late time.Duration) { m.note(start.Add(at+late), start.Add(at)) }
	for i := range 200 { // the first second: 1 % late by 3 ms, one by 9
		late := time.Duration(0)
		switch i {
		case 50, 51:
			late = 3 * time.Millisecond
		case 52:
			late = 9 * time.Millisecond
		}
		sleep(time.Duration(i)*5*time.Millisecond, late)
	}
	sleep(1500*time.Millisecond, time.Millisecond)
	sleep(3*time.Second, 4*time.Second) // the machine stood still
	sleep(7*time.Second, 0)
	want := []Overshoot{
		{P99: 3 * time.Millisecond, Max: 9 * time.Millisecond},
		{P99: time.Millisecond, Max: time.Millisecond},
		{},
		{P99: 4 * time.Second, Max: 4 * time.Second},
		{},
		{},
		{},
	}
	if diff := cmp.Diff(want, m.Seconds()); diff != "" {
		t.Error(diff)
	}
	if got := m.Worst(0, 2*time.Second); got != want[0] {
		t.Errorf("worst of two seconds is %+v", got)
	}
	for _, tc := range []struct {
		from, until, limit time.Duration
		want               bool
	}{
		{0, 2 * time.Second, 9 * time.Millisecond, false},
		{0, 2 * time.Second, 8 * time.Millisecond, true},
		{time.Second, 3 * time.Second, 8 * time.Millisecond, false},
		{0, time.Minute, time.Second, true},
	} {
		if got := m.Disturbed(tc.from, tc.until, tc.limit); got != tc.want {
			t.Errorf("disturbed in %v to %v by more than %v: %v", tc.from, tc.until, tc.limit, got)
		}
	}
}

// TestMeterRun: with a clock that never oversleeps there is nothing to report,
// and every second is.
func TestMeterRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		m := new(Meter)
		m.Run(ctx, time.Now())
		if diff := cmp.Diff(make([]Overshoot, 3), m.Seconds()); diff != "" {
			t.Error(diff)
		}
	})
}
