package slo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// beats turns "x" (a heartbeat in the bucket) and "." (none) into the starts
// of the buckets with one, from t0 on.
func beats(script string) (w Window, buckets []time.Time) {
	for i, c := range script {
		if c == 'x' {
			buckets = append(buckets, t0.Add(time.Duration(i)*Grid))
		}
	}
	return Window{From: t0, To: t0.Add(time.Duration(len(script)) * Grid)}, buckets
}

func TestSight(t *testing.T) {
	long := -time.Hour // a first heartbeat before the window
	for _, tc := range []struct {
		name, script string
		first        time.Duration
		blind        []Window
		coverage     float64
		young        string
	}{
		{"all seen", "xxxxxxxxxx", long, nil, 1, ""},
		{"a silence of thirty seconds is none", "xx...xxxxx", long, nil, 1, ""},
		{"a longer one is blind, all of it", "xx....xxxx", long, []Window{span(20*s, 60*s)}, 0.6, ""},
		{"at the start", "....xxxxxx", long, []Window{span(0, 40*s)}, 0.6, ""},
		{"at the end", "xxxxxx....", long, []Window{span(60*s, 100*s)}, 0.6, ""},
		{"twice", "x....x....", long, []Window{span(10*s, 50*s), span(60*s, 100*s)}, 0.2, ""},
		{"never", "..........", long, []Window{span(0, 100*s)}, 0, ""},
		{"young: not blind before its birth", ".....xxxxx", 53 * s, nil, 1, "young: heartbeats cover 50s of 1m40s"},
		{"young and blind", "....x....x", 45 * s, []Window{span(50*s, 90*s)}, 2.0 / 6, "young: heartbeats cover 1m of 1m40s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, buckets := beats(tc.script)
			seen := newSight(w, t0.Add(tc.first), buckets)
			if diff := cmp.Diff(tc.blind, seen.Blind); diff != "" {
				t.Error(diff)
			}
			near(t, "coverage", seen.Coverage(w), tc.coverage, 1e-9)
			if got := seen.young(w); got != tc.young {
				t.Errorf("young = %q, want %q", got, tc.young)
			}
		})
	}
}

func TestGap(t *testing.T) {
	seen := Sight{First: t0, Blind: []Window{span(m, m+20*s)}}
	for _, tc := range []struct {
		name string
		w    Window
		c    Count
		want string
	}{
		{"seen", span(0, m), Count{Good: 1, Total: 1}, ""},
		{"just enough", span(0, 200*s), Count{Good: 1, Total: 1}, ""},
		{"too little", span(30*s, m+20*s), Count{Good: 1, Total: 1}, "only 60 % of the last 50s was seen"},
		{"blindness comes before silence", span(m, m+20*s), Count{}, "only 0 % of the last 20s was seen"},
		{"no traffic", span(0, m), Count{}, "no requests in the last 1m"},
		{"unborn", span(-m, 0), Count{}, "no collector had reported yet"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := seen.gap(tc.w, tc.c); got != tc.want {
				t.Errorf("gap = %q, want %q", got, tc.want)
			}
		})
	}
	if got := (Sight{}).gap(span(0, m), Count{Good: 1, Total: 1}); got != "no collector had reported yet" {
		t.Errorf("gap without a heartbeat = %q", got)
	}
}
