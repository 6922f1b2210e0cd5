package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

func edge(src, dst string, requests, failures, attempts uint64) report.Edge {
	return report.Edge{Phase: "calm", Src: src, Dst: dst, Route: "r", Requests: requests, Failures: failures, Attempts: attempts}
}

func TestCompare(t *testing.T) {
	grown := witness.Stats{
		"cluster.outbound;80;;b_default.upstream_rq_active_overflow": 5,
		"cluster.outbound;80;;b_default.upstream_rq_total":           100,
	}
	for name, tc := range map[string]struct {
		truth, observed        []report.Edge
		explained, unexplained []report.Difference
	}{
		"equal": {
			truth:    []report.Edge{edge("a", "b", 10, 1, 12)},
			observed: []report.Edge{edge("a", "b", 10, 1, 12)},
		},
		"more tries than arrivals, as many as overflowed": {
			truth:     []report.Edge{edge("a", "b", 10, 1, 12)},
			observed:  []report.Edge{edge("a", "b", 10, 1, 17)},
			explained: []report.Difference{{Edge: "calm a → b r", Figure: "attempts", Truth: 12, Observed: 17, Because: "cluster.outbound;80;;b_default.upstream_rq_active_overflow grew by 5"}},
		},
		"a counter of another figure explains nothing": {
			truth:       []report.Edge{edge("a", "b", 10, 1, 12)},
			observed:    []report.Edge{edge("a", "b", 15, 1, 12)},
			unexplained: []report.Difference{{Edge: "calm a → b r", Figure: "requests", Truth: 10, Observed: 15}},
		},
		"not observed at all": {
			truth: []report.Edge{edge("a", "b", 10, 0, 10)},
			unexplained: []report.Difference{
				{Edge: "calm a → b r", Figure: "attempts", Truth: 10},
				{Edge: "calm a → b r", Figure: "requests", Truth: 10},
			},
		},
		"observed without a call": {
			observed:    []report.Edge{edge("a", "c", 3, 0, 3)},
			unexplained: []report.Difference{{Edge: "calm a → c r", Figure: "requests", Observed: 3}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			explained, unexplained := compare(tc.truth, tc.observed, func(report.Edge) witness.Stats { return grown })
			if diff := cmp.Diff(tc.explained, explained); diff != "" {
				t.Errorf("explained: %s", diff)
			}
			if diff := cmp.Diff(tc.unexplained, unexplained); diff != "" {
				t.Errorf("unexplained: %s", diff)
			}
		})
	}
}

func TestCheckBins(t *testing.T) {
	bins := []bin{{low: 1000, high: 1100, requests: 2}, {low: 1100, high: 1200, requests: 1}}
	for name, tc := range map[string]struct {
		durations []int64
		differing int
	}{
		"equal":                       {[]int64{1200, 1001, 1100}, 0},
		"an edge belongs to the left": {[]int64{1000, 1001, 1100}, 2}, // 1000 is in no bin, 1200 is missing
		"one too many":                {[]int64{1001, 1050, 1100, 1200}, 1},
		"one in a bin of its own":     {[]int64{1001, 1100, 1200, 9000}, 1},
		"none":                        {nil, 2},
	} {
		got := checkBins("e", bins, tc.durations)
		if got.Differing != tc.differing || got.Rows != uint64(len(tc.durations)) {
			t.Errorf("%s: %+v, want %d differing", name, got, tc.differing)
		}
	}
}

func TestStopwatchTolerance(t *testing.T) {
	bins := []bin{{low: 40_000, high: 41_000}, {low: 100_000, high: 110_000}}
	for us, want := range map[float64]float64{40_500: 2, 105_000: 10, 110_000: 10, 5: 2} {
		if got := stopwatchTolerance(bins, us); got != want {
			t.Errorf("median %v µs: tolerance %v ms, want %v", us, got, want)
		}
	}
}
