package service

import (
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLimiter[string](2, 3)
	for i, tc := range []struct {
		key   string
		after time.Duration
		want  bool
	}{
		// The burst.
		{"a", 0, true},
		{"a", 0, true},
		{"a", 0, true},
		{"a", 0, false},
		{"b", 0, true},                       // has its own
		{"a", 400 * time.Millisecond, false}, // not yet
		{"a", 100 * time.Millisecond, true},  // two a second
		{"a", 0, false},
		{"a", -time.Hour, false}, // a clock set back gives nothing
		// Never more than the burst.
		{"a", 2 * time.Hour, true},
		{"a", 0, true},
		{"a", 0, true},
		{"a", 0, false},
	} {
		now = now.Add(tc.after)
		if got := l.allow(tc.key, now); got != tc.want {
			t.Errorf("%d: %s: %v", i, tc.key, got)
		}
	}
}

// TestLimiterIsBounded: many keys do not grow it without end, and those that are
// known are served.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLimiter[int](1, 2)
	for i := range maxKeys {
		if !l.allow(i, now) {
			t.Fatalf("key %d was refused", i)
		}
	}
	if l.allow(maxKeys, now) {
		t.Error("one more key was taken")
	}
	if !l.allow(0, now) {
		t.Error("a known key was refused")
	}
	now = now.Add(time.Second) // all but key 0 are full again
	if !l.allow(maxKeys, now) {
		t.Error("no room was made")
	}
	if n := len(l.buckets); n != 2 {
		t.Errorf("%d keys are kept", n)
	}
}
