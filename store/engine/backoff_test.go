package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBackoffGrowsAndForgets(t *testing.T) {
	var b backoff
	var got []time.Duration
	died := func(lived time.Duration) {
		delay, again := b.died(lived, true)
		if !again {
			t.Fatal("gave up on an engine that had answered")
		}
		got = append(got, delay)
	}
	for range 8 {
		died(time.Second)
	}
	died(time.Minute)
	died(59 * time.Second)
	want := []time.Duration{
		100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond,
		1600 * time.Millisecond, 3200 * time.Millisecond, 5 * time.Second, 5 * time.Second,
		100 * time.Millisecond, 200 * time.Millisecond,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

func TestBackoffGivesUpOnStillbornChildren(t *testing.T) {
	var b backoff
	for i := range maxStillborn - 1 {
		if _, again := b.died(0, false); !again {
			t.Fatalf("gave up after %d", i+1)
		}
	}
	b.died(time.Second, true) // one that answered starts the count anew
	for i := range maxStillborn {
		if _, again := b.died(0, false); again != (i < maxStillborn-1) {
			t.Fatalf("after %d stillborn children: again = %v", i+1, again)
		}
	}
}
