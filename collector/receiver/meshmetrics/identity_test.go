package meshmetrics

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

// TestLife has a process tell its uptime, in whole seconds, over a clock that
// may be moved.
func TestLife(t *testing.T) {
	type asking struct {
		at, uptime int  // seconds
		same       bool // the process that was there before
	}
	for name, askings := range map[string][]asking{
		"one process":                      {{100, 50, false}, {105, 55, true}, {200, 150, true}},
		"one that rounds the other way":    {{100, 50, false}, {105, 54, true}, {110, 60, true}, {115, 64, true}},
		"an answer that took a second":     {{100, 50, false}, {106, 55, true}},
		"a new process":                    {{100, 50, false}, {105, 2, false}, {110, 7, true}},
		"a new one after a long gap":       {{100, 50, false}, {1000, 800, false}},
		"two that lived a moment each":     {{100, 0, false}, {102, 0, true}, {107, 0, false}}, // the second is not told
		"one whose uptime is ahead":        {{100, 50, false}, {105, 80, true}},
		"a clock that was set back a bit":  {{100, 50, false}, {90, 55, true}, {95, 60, true}},
		"a clock that was set back by far": {{100_000, 50, false}, {100, 55, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var l life
			var before time.Time
			for i, a := range askings {
				at := time.Unix(int64(a.at), 0)
				got := l.next(at, time.Duration(a.uptime)*time.Second, uptimeGrain)
				if same := got.Equal(before); same != a.same {
					t.Errorf("asking %d: started %v, before %v", i, got.Unix(), before.Unix())
				}
				if want := at.Add(-time.Duration(a.uptime)*time.Second - uptimeGrain); !a.same && !got.Equal(want) {
					t.Errorf("asking %d: started %v, want %v", i, got.Unix(), want.Unix())
				}
				before = got
			}
		})
	}
}

func TestStartHint(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	for name, test := range map[string]struct {
		samples map[string]float64
		want    time.Time
	}{
		"nothing":             {map[string]float64{"go_goroutines": 5}, time.Time{}},
		"a start":             {map[string]float64{"process_start_time_seconds": 999_000.5}, time.UnixMilli(999_000_500)},
		"an uptime":           {map[string]float64{"envoy_server_uptime": 100}, at.Add(-100*time.Second - uptimeLag)},
		"an uptime of Istio":  {map[string]float64{"server_uptime": 0}, at.Add(-uptimeLag)},
		"both":                {map[string]float64{"process_start_time_seconds": 999_000, "envoy_server_uptime": 5}, time.Unix(999_000, 0)},
		"no number":           {map[string]float64{"process_start_time_seconds": math.NaN()}, time.Time{}},
		"a negative uptime":   {map[string]float64{"envoy_server_uptime": -1}, time.Time{}},
		"a start without end": {map[string]float64{"process_start_time_seconds": math.Inf(1)}, time.Time{}},
		"an uptime of ages":   {map[string]float64{"envoy_server_uptime": 1e300}, time.Time{}},
	} {
		var h startHint
		for sample, value := range test.samples {
			h.see(sample, value)
		}
		if got := h.started(&life{}, at); !got.Equal(test.want) {
			t.Errorf("%s: started %v, want %v", name, got, test.want)
		}
	}
}

// TestNames prefers what a target says to what an Envoy says, and that to the
// address.
func TestNames(t *testing.T) {
	full := serverInfo{}
	full.Node.ID, full.Node.Cluster = "sidecar~10.0.0.1~reviews-v2.shop~bookinfo", "reviews.shop"
	full.Node.Metadata = map[string]any{"CLUSTER_ID": "east", "WORKLOAD": 5}
	odd := serverInfo{}
	odd.Node.ID = "envoy-7"
	for _, test := range []struct {
		info        serverInfo
		target      target.Target
		proxy, node string
	}{
		{full, target.Target{}, "sidecar~10.0.0.1~reviews-v2.shop~bookinfo", "bookinfo/east/shop/reviews-v2"},
		{full, target.Target{Proxy: "p", Node: "n"}, "p", "n"},
		{full, target.Target{Node: "n"}, "sidecar~10.0.0.1~reviews-v2.shop~bookinfo", "n"},
		{odd, target.Target{}, "envoy-7", ""},
		{serverInfo{}, target.Target{}, "/run/admin.sock", ""},
	} {
		test.target.URL = "unix:///run/admin.sock"
		got := test.info.names(test.target, placed(t, test.target).address)
		if got.proxy != test.proxy || got.node != test.node {
			t.Errorf("%+v is called %q at %q, want %q at %q", test.target, got.proxy, got.node, test.proxy, test.node)
		}
	}
}
