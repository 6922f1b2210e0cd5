package query

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWatermarkRule(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, tc := range map[string]struct {
		beats  []beat
		want   Mark
		reason string
	}{
		"none": {nil, Mark{}, "no collector has ever reported"},
		"one": {
			[]beat{{"a", ago(time.Second), ago(2 * time.Second)}},
			Mark{At: ago(7 * time.Second), Collectors: []string{"a"}},
			"",
		},
		"the slowest counts": {
			[]beat{{"a", ago(0), ago(time.Second)}, {"b", ago(time.Second), ago(20 * time.Second)}, {"c", ago(0), ago(0)}},
			Mark{At: ago(25 * time.Second), Collectors: []string{"a", "b", "c"}},
			"",
		},
		"a silent one does not hold back": {
			[]beat{{"a", ago(0), ago(time.Second)}, {"b", ago(31 * time.Second), ago(40 * time.Second)}},
			Mark{At: ago(6 * time.Second), Collectors: []string{"a"}, Silent: []string{"b"}},
			"",
		},
		"exactly at the limit is live": {
			[]beat{{"a", ago(Live), ago(Live)}},
			Mark{At: ago(Live + Margin), Collectors: []string{"a"}},
			"",
		},
		"all silent: the last one's mark stands": {
			[]beat{{"a", ago(50 * time.Second), ago(time.Minute)}, {"b", ago(31 * time.Second), ago(33 * time.Second)}},
			Mark{At: ago(38 * time.Second), Silent: []string{"a", "b"}},
			"no collector has reported for 31s; rows end at 2026-03-01 11:59:22 UTC",
		},
		"an hour of silence": {
			[]beat{{"a", ago(time.Hour - time.Second), ago(time.Hour)}},
			Mark{At: ago(time.Hour + Margin), Silent: []string{"a"}},
			"no collector has reported for 59m59s",
		},
		"alive but stuck": {
			[]beat{{"a", ago(0), ago(10 * time.Minute)}},
			Mark{At: ago(10*time.Minute + Margin), Collectors: []string{"a"}},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := watermark(tc.beats, now)
			if !strings.Contains(got.Reason, tc.reason) || (got.Reason == "") != (tc.reason == "") {
				t.Errorf("reason = %q, want %q", got.Reason, tc.reason)
			}
			if got.Live() != (got.Reason == "") {
				t.Errorf("live=%v with reason %q: want exactly one of them", got.Live(), got.Reason)
			}
			got.Reason = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWatermarkStandsStill lets two collectors die one after the other: the
// mark never goes back while time passes, and stands in the end.
func TestWatermarkStandsStill(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	beats := []beat{
		{"a", start, start.Add(-20 * time.Second)}, // slow, and the first to die
		{"b", start.Add(10 * time.Second), start.Add(9 * time.Second)},
	}
	last := time.Time{}
	for after := 10 * time.Second; after < 5*time.Minute; after += time.Second {
		got := watermark(beats, start.Add(after))
		if got.At.Before(last) {
			t.Fatalf("%s after the start the mark went back from %s to %s", after, last, got.At)
		}
		last = got.At
	}
	if want := start.Add(9*time.Second - Margin); !last.Equal(want) {
		t.Errorf("the mark stands at %s, want %s", last, want)
	}
}
