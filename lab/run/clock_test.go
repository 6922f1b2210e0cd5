package run

import (
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

func phase(name string, from, until, drain time.Duration) scenario.Phase {
	return scenario.Phase{Name: name, From: yamlfile.Duration(from), Until: yamlfile.Duration(until), Drain: yamlfile.Duration(drain)}
}

func testClock() *clock {
	c := &clock{phases: []scenario.Phase{
		phase("calm", 0, 40*time.Second, 600*time.Millisecond),
		phase("settle", 40*time.Second, 43*time.Second, 0),
		phase("trigger", 43*time.Second, 49*time.Second, 0),
		phase("gap", 60*time.Second, 70*time.Second, time.Second),
	}}
	c.begin(time.Unix(1000, 0))
	return c
}

// TestDrainBelongsToThePhaseBefore: calls that begin in calm and end in its
// drain, and the inner calls they make meanwhile, all count as calm.
func TestDrainBelongsToThePhaseBefore(t *testing.T) {
	c := testClock()
	for at, want := range map[time.Duration]string{
		-time.Second:             "",
		0:                        "calm",
		40 * time.Second:         "calm",
		40599 * time.Millisecond: "calm",
		40600 * time.Millisecond: "settle",
		43 * time.Second:         "trigger",
		48999 * time.Millisecond: "trigger",
		50 * time.Second:         "",
		70500 * time.Millisecond: "gap",
		71 * time.Second:         "",
	} {
		if got := c.phase(time.Unix(1000, 0).Add(at)); got != want {
			t.Errorf("at %s: phase %q, want %q", at, got, want)
		}
	}
}

func TestWindowsDoNotOverlap(t *testing.T) {
	c := testClock()
	var last time.Time
	for i := range c.phases {
		from, until := c.window(i)
		if from.Before(last) || !from.Before(until) {
			t.Errorf("phase %d is [%s, %s), the one before ended at %s", i, from, until, last)
		}
		last = until
	}
}

// TestQuiet: exact counts need a start and an end at which nothing runs.
func TestQuiet(t *testing.T) {
	c := testClock()
	for i, want := range []bool{true, false, false, false} {
		if got := c.quiet(i); got != want {
			t.Errorf("%s: quiet %v, want %v", c.phases[i].Name, got, want)
		}
	}
	c.phases[1].Drain = yamlfile.Duration(time.Second)
	if !c.quiet(1) {
		t.Error("a phase between two drains is not quiet")
	}
}

func TestOffset(t *testing.T) {
	c := new(clock)
	if !c.zero().IsZero() {
		t.Error("a clock that has not begun has a start")
	}
	c.begin(time.Unix(50, 0))
	if got := c.offset(time.Unix(52, 0)); got != 2*time.Second {
		t.Errorf("offset %s", got)
	}
}
