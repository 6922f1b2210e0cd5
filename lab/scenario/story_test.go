package scenario

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

func bookinfo(t *testing.T) *Scenario {
	t.Helper()
	s, err := Read("../scenarios/bookinfo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStory holds the demo to the arithmetic of its collapse, so that nobody
// turns a knob and wonders why it does not sink, or does not rise again.
func TestStory(t *testing.T) {
	s := bookinfo(t)
	ratings := s.Service("ratings")[0]
	var mesh struct {
		Spec struct {
			Hosts []string `yaml:"hosts"`
			HTTP  []struct {
				Name  string `yaml:"name"`
				Route []struct {
					Destination map[string]string `yaml:"destination"`
					Weight      float64           `yaml:"weight"`
				} `yaml:"route"`
				Retries struct {
					Attempts int    `yaml:"attempts"`
					PerTry   string `yaml:"perTryTimeout"`
					On       string `yaml:"retryOn"`
				} `yaml:"retries"`
			} `yaml:"http"`
		} `yaml:"spec"`
	}
	share, tries, perTry := 0.0, 0.0, time.Duration(0)
	for _, src := range s.Mesh {
		mesh.Spec.Hosts, mesh.Spec.HTTP = nil, nil
		_ = src.Doc.Decode(&mesh) // fields it does not know are the mesh's concern
		for _, h := range mesh.Spec.HTTP {
			for _, r := range h.Route {
				if r.Destination["subset"] == "v2" || r.Destination["subset"] == "v3" {
					share += r.Weight / 100
				}
			}
			if mesh.Spec.Hosts[0] == "ratings" {
				tries = float64(1 + h.Retries.Attempts)
				perTry, _ = time.ParseDuration(h.Retries.PerTry)
			}
		}
	}
	demand := s.Load[0].RPS * share
	calm := s.Capacity("ratings", 0, 40*time.Second)
	slowed := s.Capacity("ratings", s.Timeline[0].At.D(), s.Timeline[0].Until())
	median, sigma := ratings.Endpoints[0].Work.shape()
	tail := time.Duration(median * math.Exp(2.3263*sigma)) // p99 of the work alone

	for what, ok := range map[string]bool{
		"users of reviews v1 need no ratings: at most 10 % or the collapse is not deep": share >= 0.9 && share < 1,
		"calm traffic leaves half of ratings free":                                      demand < 0.5*calm,
		"slowed down, ratings cannot serve the demand":                                  slowed < demand,
		"yet most of it":                             slowed > 0.6*demand,
		"with all tries it cannot even in calm":      demand*tries > 1.2*calm,
		"the per-try timeout is below the tail":      perTry < tail,
		"and above the median":                       perTry > time.Duration(median),
		"a full queue outlasts a try":                float64(ratings.Queue) > 2*perTry.Seconds()*calm,
		"an empty-handed queue drains in 2 s":        float64(ratings.Queue)/calm < 2,
		"ratings goes on with work nobody waits for": !ratings.Cancel,
		"the same slowdown comes twice":              s.Timeline[0].Factor == s.Timeline[3].Factor && s.Timeline[0].For == s.Timeline[3].For,
		"collapse lasts 20 s before the rescue":      s.Timeline[1].At.D()-s.Timeline[0].Until() >= 20*time.Second,
		"the rescue gets 20 s of calls":              s.Timeline[2].At-s.Timeline[1].At >= 20*1e9,
		"three minutes":                              s.Duration.D() == 3*time.Minute,
	} {
		if !ok {
			t.Errorf("does not hold: %s (demand %.0f/s, capacity %.0f/s, slowed %.0f/s, p99 %v, per try %v)", what, demand, calm, slowed, tail, perTry)
		}
	}
}

// TestScaledStory shows the demo's plan at its shortest, as written, and longer
// (testdata/bookinfo.txt): in each the slowdowns stay 6 s, the collapse lasts
// 20 s, and the judgement after the rescue has 20 s of calls.
func TestScaledStory(t *testing.T) {
	s := bookinfo(t)
	var b strings.Builder
	for _, d := range []time.Duration{s.MinDuration.Duration.D(), s.Duration.D(), 6 * time.Minute} {
		scaled, err := s.Scale(d)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "# %v\n%s\n", d, times(scaled))
		trigger, _ := scaled.Phase("trigger")
		collapsed, _ := scaled.Phase("collapsed")
		if trigger.Until-trigger.From != 6e9 || collapsed.Until-collapsed.From < 20e9 {
			t.Errorf("at %v the trigger lasts %v and the collapse %v", d, trigger.Until-trigger.From, collapsed.Until-collapsed.From)
		}
		if judged := scaled.Timeline[2].At - scaled.Timeline[1].At; judged < 20e9 {
			t.Errorf("at %v the rescue is judged after %v", d, judged)
		}
		if scaled.Timeline[0].At != trigger.From {
			t.Errorf("at %v the slowdown begins at %v, its phase at %v", d, scaled.Timeline[0].At, trigger.From)
		}
	}
	const wanted = "testdata/bookinfo.txt"
	golden.Check(t, wanted, []byte(b.String()))
}
