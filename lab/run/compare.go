package run

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

// explanations are the counters of a cluster that can stand between what an
// application counted and what its proxy reported, by figure.
var explanations = map[string][]string{
	"attempts": {
		"upstream_rq_active_overflow", "upstream_rq_pending_overflow", "upstream_cx_connect_fail",
		"upstream_rq_pending_failure_eject", "upstream_rq_cancelled", "upstream_rq_tx_reset",
	},
	"failures": {"upstream_rq_retry_limit_exceeded", "upstream_rq_timeout", "upstream_rq_per_try_timeout", "upstream_rq_tx_reset", "upstream_rq_rx_reset"},
	"requests": {"upstream_rq_cancelled", "upstream_rq_rx_reset"},
}

// compare holds observed edges against truth, edge by edge of one phase. A
// difference that equals the growth of an Envoy counter of that edge is
// explained by it.
func compare(truth, observed []report.Edge, grown func(edge report.Edge) witness.Stats) (explained, unexplained []report.Difference) {
	seen := map[string]report.Edge{}
	for _, e := range observed {
		seen[e.Key()] = e
	}
	check := func(t, o report.Edge, figure string, a, b uint64) {
		if a == b {
			return
		}
		d := report.Difference{Edge: t.Key(), Figure: figure, Truth: int64(a), Observed: int64(b)}
		if d.Because = because(figure, d.Observed-d.Truth, grown(t)); d.Because != "" {
			explained = append(explained, d)
			return
		}
		unexplained = append(unexplained, d)
	}
	for _, t := range truth {
		o := seen[t.Key()]
		delete(seen, t.Key())
		check(t, o, "requests", t.Requests, o.Requests)
		check(t, o, "failures", t.Failures, o.Failures)
		check(t, o, "attempts", t.Attempts, o.Attempts)
	}
	for _, o := range seen {
		check(report.Edge{Phase: o.Phase, Src: o.Src, Dst: o.Dst, Route: o.Route}, o, "requests", 0, o.Requests)
	}
	inOrder(explained)
	inOrder(unexplained)
	return explained, unexplained
}

func inOrder(list []report.Difference) {
	slices.SortFunc(list, func(a, b report.Difference) int {
		return cmp.Or(strings.Compare(a.Edge, b.Edge), strings.Compare(a.Figure, b.Figure))
	})
}

// because names the counter whose growth equals a difference.
func because(figure string, difference int64, grown witness.Stats) string {
	for _, suffix := range explanations[figure] {
		for _, name := range slices.Sorted(maps.Keys(grown)) {
			if strings.HasSuffix(name, "."+suffix) && int64(math.Abs(float64(difference))) == int64(grown[name]) {
				return fmt.Sprintf("%s grew by %.0f", name, grown[name])
			}
		}
	}
	return ""
}

// checkBins holds the latency bins of an edge against the durations in Envoy's
// own log. Both sides are counts of requests with low < duration ≤ high.
func checkBins(edge string, bins []bin, durations []int64) report.BinCheck {
	check := report.BinCheck{Edge: edge, Rows: uint64(len(durations))}
	slices.Sort(durations)
	counted := 0
	for _, b := range bins {
		n := upTo(durations, b.high) - upTo(durations, b.low)
		counted += n
		check.Bins++
		if uint64(n) != b.requests {
			check.Differing++
		}
	}
	if counted != len(durations) { // rows in bins that Plimsoll does not have
		check.Bins++
		check.Differing++
	}
	return check
}

// bin counts requests with low < µs ≤ high.
type bin struct {
	low, high int64
	requests  uint64
}

// upTo counts the sorted values that are at most limit.
func upTo(sorted []int64, limit int64) int {
	n, _ := slices.BinarySearch(sorted, limit+1)
	return n
}

// stopwatchTolerance is what the application's median may differ from the
// observed one: a bin's width, or 2 ms for what lies between a proxy's clock and
// an application's.
func stopwatchTolerance(bins []bin, medianUS float64) float64 {
	for _, b := range bins {
		if medianUS > float64(b.low) && medianUS <= float64(b.high) {
			return math.Max(float64(b.high-b.low)/1000, 2)
		}
	}
	return 2
}
