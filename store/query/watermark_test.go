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
		"none": {nil, Mark{}, "no collector has reported within the last 1h0m0s"},
		"one": {
			[]beat{{"a", ago(time.Second), ago(2 * time.Second)}},
			Mark{At: ago(7 * time.Second), Collectors: []string{"a"}}, "",
		},
		"the slowest counts": {
			[]beat{{"a", ago(0), ago(time.Second)}, {"b", ago(time.Second), ago(20 * time.Second)}, {"c", ago(0), ago(0)}},
			Mark{At: ago(25 * time.Second), Collectors: []string{"a", "b", "c"}}, "",
		},
		"a silent one does not hold back": {
			[]beat{{"a", ago(0), ago(time.Second)}, {"b", ago(31 * time.Second), ago(40 * time.Second)}},
			Mark{At: ago(6 * time.Second), Collectors: []string{"a"}, Silent: []string{"b"}}, "",
		},
		"exactly at the limit is live": {
			[]beat{{"a", ago(Live), ago(Live)}},
			Mark{At: ago(Live + Margin), Collectors: []string{"a"}}, "",
		},
		"all silent": {
			[]beat{{"a", ago(50 * time.Second), ago(time.Minute)}, {"b", ago(31 * time.Second), ago(31 * time.Second)}},
			Mark{Silent: []string{"a", "b"}}, "no live collector: the last heartbeat came from b 31s ago",
		},
		"alive but stuck": {
			[]beat{{"a", ago(0), ago(10 * time.Minute)}},
			Mark{At: ago(10*time.Minute + Margin), Collectors: []string{"a"}}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := watermark(tc.beats, now)
			if !strings.Contains(got.Reason, tc.reason) || (got.Reason == "") != (tc.reason == "") {
				t.Errorf("reason = %q, want %q", got.Reason, tc.reason)
			}
			if got.At.IsZero() != (got.Reason != "") {
				t.Errorf("mark at %s with reason %q: want exactly one of them", got.At, got.Reason)
			}
			got.Reason = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
