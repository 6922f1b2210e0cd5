package load

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWindow(t *testing.T) {
	g := New(Config{})
	add := func(at time.Duration, result Result, scheduled, sent time.Duration) {
		g.results.offered(at)
		g.results.add(Sample{At: at, Result: result, Scheduled: scheduled, Sent: sent})
	}
	ms := time.Millisecond
	add(500*ms, Good, 30*ms, 29*ms)
	add(1000*ms, Good, 20*ms, 19*ms)
	add(1200*ms, Late, 1000*ms, 1000*ms)
	add(1999*ms, Good, 10*ms, 9*ms)
	add(2000*ms, Failed, 5*ms, 5*ms)
	g.results.offered(2100 * ms) // in flight

	want := Window{Counts: Counts{Offered: 3, Good: 2, Late: 1}, Scheduled: []int64{10_000, 20_000}, Sent: []int64{9_000, 19_000}}
	if diff := cmp.Diff(want, g.Window(time.Second, 2*time.Second)); diff != "" {
		t.Error(diff)
	}
	wantSeconds := []Counts{{Offered: 1, Good: 1}, {Offered: 3, Good: 2, Late: 1}, {Offered: 2, Failed: 1}}
	if diff := cmp.Diff(wantSeconds, g.Seconds()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Window{}, g.Window(time.Hour, 2*time.Hour)); diff != "" {
		t.Error(diff)
	}
}

func TestGoodput(t *testing.T) {
	for c, want := range map[Counts]float64{{}: 0, {Offered: 4, Good: 3}: 0.75, {Offered: 2}: 0} {
		if got := c.Goodput(); got != want {
			t.Errorf("%+v: %v, want %v", c, got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(i + 1)
	}
	for _, tc := range []struct {
		values []int64
		q      float64
		want   int64
	}{
		{nil, 0.5, 0},
		{[]int64{7}, 0.99, 7},
		{[]int64{1, 2}, 0.5, 1},
		{[]int64{1, 2, 3}, 0.5, 2},
		{hundred, 0, 1},
		{hundred, 0.5, 50},
		{hundred, 0.99, 99},
		{hundred, 0.991, 100},
		{hundred, 1, 100},
	} {
		if got := Quantile(tc.values, tc.q); got != tc.want {
			t.Errorf("quantile %v of %d values is %d, want %d", tc.q, len(tc.values), got, tc.want)
		}
	}
}

// TestRecovery draws the goodput of each second as a digit (tenths) or # (all);
// a dot is a second without load.
func TestRecovery(t *testing.T) {
	for name, tc := range map[string]struct {
		seconds     string
		normal      float64
		from, until time.Duration
		want        time.Duration // -1: never
	}{
		"never down":            {"###############", 1, 0, 15 * time.Second, 0},
		"back after three":      {"000############", 1, 0, 15 * time.Second, 3 * time.Second},
		"never":                 {"000000000000000", 1, 0, 15 * time.Second, -1},
		"a relapse":             {"000####0#######", 1, 0, 15 * time.Second, 8 * time.Second},
		"one weak second":       {"000###9########", 1, 0, 15 * time.Second, 3 * time.Second},
		"all a little weak":     {"000999999999999", 1, 0, 15 * time.Second, -1},
		"as weak as in calm":    {"000999999999999", 0.9, 0, 15 * time.Second, 3 * time.Second},
		"counted from later":    {"00000##########", 1, 3 * time.Second, 15 * time.Second, 2 * time.Second},
		"from within a second":  {"00000##########", 1, 4500 * time.Millisecond, 15 * time.Second, 500 * time.Millisecond},
		"held only until next":  {"00#####00000000", 1, 0, 7 * time.Second, 2 * time.Second},
		"too little left":       {"0000000000####", 1, 0, 14 * time.Second, -1},
		"beyond the data":       {"00#####", 1, 0, time.Minute, 2 * time.Second},
		"without load":          {"...............", 1, 0, 15 * time.Second, -1},
		"silence is no relapse": {"0###.###.######", 1, 0, 15 * time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := Recovery(drawn(tc.seconds), tc.normal, tc.from, tc.until)
			if !ok {
				got = -1
			}
			if got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

func drawn(s string) []Counts {
	var out []Counts
	for _, r := range s {
		c := Counts{Offered: 10, Good: uint64(strings.IndexRune("0123456789#", r))}
		if r == '.' {
			c = Counts{}
		}
		out = append(out, c)
	}
	return out
}
