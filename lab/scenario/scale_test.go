package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const scalable = `
name: scalable
duration: 100s
min_duration: {duration: 30s, reason: the tuner needs calls}
services:
- {name: one, endpoints: [{path: /}]}
load:
- {service: one, path: /, rps: 10, from: 10s}
phases:
- {name: calm, from: 0s, until: 40s}
- {name: trigger, from: 40s, until: 50s, drain: 0s}
- {name: after, from: 50s, until: 100s}
timeline:
- {at: 40s, do: slow, service: one, factor: 2, for: 8s}
- {at: 46s, do: fail, service: one, rate: 1, for: 4s}
- {at: 80s, do: store_kill}
`

// times prints what Scale moves.
func times(s *Scenario) string {
	var b strings.Builder
	for _, p := range s.Phases {
		fmt.Fprintf(&b, "%s %v-%v drain %v\n", p.Name, p.From, p.Until, p.Drain)
	}
	for _, l := range s.Load {
		fmt.Fprintf(&b, "load %v-%v\n", l.From, l.Until)
	}
	for _, a := range s.Timeline {
		fmt.Fprintf(&b, "%s %v for %v\n", a.Do, a.At, a.For)
	}
	return b.String()
}

func TestScale(t *testing.T) {
	s := parse(t, scalable)
	before := times(s)
	// The faults take 10 s together; the other 90 s become 45 s.
	got, err := s.Scale(55 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	want := `calm 0s-20s drain 400ms
trigger 20s-30s drain 0s
after 30s-55s drain 400ms
load 5s-55s
slow 20s for 8s
fail 26s for 4s
store_kill 45s for 0s
`
	if diff := cmp.Diff(want, times(got)); diff != "" {
		t.Error(diff)
	}
	if got.Duration.D() != 55*time.Second {
		t.Errorf("duration %v, want 55s", got.Duration)
	}
	if diff := cmp.Diff(before, times(s)); diff != "" {
		t.Errorf("the original has changed:\n%s", diff)
	}
}

func TestScaleToItself(t *testing.T) {
	s := parse(t, scalable)
	got, err := s.Scale(100 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(times(s), times(got)); diff != "" {
		t.Error(diff)
	}
}

func TestScaleUp(t *testing.T) {
	got, err := parse(t, scalable).Scale(190 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if p := got.Phases[1]; p.From.D() != 80*time.Second || p.Until.D() != 90*time.Second {
		t.Errorf("trigger %v-%v, want 80s-90s", p.From, p.Until)
	}
}

func TestScaleRefuses(t *testing.T) {
	noMinimum := strings.Replace(scalable, "min_duration: {duration: 30s, reason: the tuner needs calls}\n", "", 1)
	always := strings.Replace(noMinimum, "for: 8s", "for: 60s", 1)
	always = strings.Replace(always, "at: 40s", "at: 0s", 1)
	for name, tc := range map[string]struct {
		text string
		to   time.Duration
		want string
	}{
		"below the minimum":    {scalable, 29 * time.Second, "needs at least 30s: the tuner needs calls"},
		"shorter than faults":  {noMinimum, 10 * time.Second, "its timeline alone takes 10s"},
		"shorter than overlap": {always, 50 * time.Second, "its timeline alone takes 1m0s"},
		"phase without load":   {noMinimum, 11 * time.Second, "phase calm would have only 444ms of load"},
		"negative":             {noMinimum, -time.Second, "not a length of time"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(t, tc.text).Scale(tc.to); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestWarpIsMonotone: order of times survives any scaling.
func TestWarpIsMonotone(t *testing.T) {
	s := parse(t, scalable)
	for _, d := range []time.Duration{31 * time.Second, 73 * time.Second, 400 * time.Second} {
		w, err := newWarp(s, d)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(-1)
		for at := time.Duration(0); at <= s.Duration.D(); at += 250 * time.Millisecond {
			got := w.at(at)
			if got < last {
				t.Fatalf("to %v: %v maps to %v, before the time before it (%v)", d, at, got, last)
			}
			last = got
		}
		if last != d {
			t.Errorf("the end maps to %v, want %v", last, d)
		}
	}
}
