package meshmetrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// istioPage is a page of one edge: requests, cumulative buckets at 1 ms, 5 ms
// and "+Inf", and the sum in ms.
func istioPage(requests int, buckets [3]int, sum int) string {
	const labels = `reporter="source",source_workload="a-v1",source_workload_namespace="shop",destination_workload="b-v1",` +
		`destination_workload_namespace="shop",destination_service_name="b",request_protocol="http",response_code="200",response_flags="-"`
	var b strings.Builder
	fmt.Fprintf(&b, "istio_requests_total{%s} %d\n", labels, requests)
	for i, le := range []string{"+Inf", "5", "1"} { // in any order
		fmt.Fprintf(&b, "istio_request_duration_milliseconds_bucket{%s,le=%q} %d\n", labels, le, buckets[2-i])
	}
	fmt.Fprintf(&b, "istio_request_duration_milliseconds_sum{%s} %d\nistio_request_bytes_sum{%s} %d\n", labels, sum, labels, requests*10)
	return b.String()
}

func TestEdgeSamples(t *testing.T) {
	f := newFakeTarget(t)
	s, store, clk := startScraper(t, target.Target{URL: f.URL, Source: "istio", Proxy: "p", Labels: map[string]string{"mesh": "m"}})
	for i, step := range []struct {
		page string
		want []record.EdgeSample
	}{
		{istioPage(10, [3]int{1, 6, 10}, 60), nil},
		{istioPage(15, [3]int{2, 9, 15}, 90), []record.EdgeSample{{
			Requests: 5, RequestBytes: 50, Latency: record.LatencyFull, Counts: []uint64{1, 2, 2}, LatencySum: 30_000,
		}}},
		{istioPage(15, [3]int{2, 9, 15}, 90), nil},
		{istioPage(16, [3]int{2, 10, 15}, 90), []record.EdgeSample{{ // not read at one instant
			Requests: 1, RequestBytes: 10, Latency: record.LatencyFull, Counts: []uint64{0, 1, 0},
		}}},
		// Began anew; the first bucket is larger than before all the same.
		{istioPage(4, [3]int{3, 4, 4}, 8), []record.EdgeSample{{
			Requests: 4, RequestBytes: 40, Latency: record.LatencyFull, Counts: []uint64{3, 1, 0}, LatencySum: 8000, Reset: true,
		}}},
	} {
		clk.passSeconds(5)
		f.set(step.page)
		scrapeOK(t, s)
		for j := range step.want {
			w := &step.want[j]
			w.At, w.Step, w.Source, w.Proxy = clk.at, 5*time.Second, "istio", "p"
			w.Vantage, w.Protocol, w.Outcome, w.Code, w.GRPCStatus = record.VantageClient, "http", record.OutcomeOK, 200, -1
			w.Src = record.Peer{ID: "m/default/shop/a-v1", Source: record.IDPeerMetadata}
			w.Dst = record.Peer{ID: "m/default/shop/b-v1", Service: "b", Source: record.IDPeerMetadata}
			w.Bounds = []uint64{1000, 5000}
		}
		if diff := cmp.Diff(step.want, store.takeEdges(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestEdgeNewcomer counts an edge that was not there before from zero, and one
// without "+Inf" up to its last bucket.
func TestEdgeNewcomer(t *testing.T) {
	f := newFakeTarget(t)
	s, store, clk := startScraper(t, target.Target{URL: f.URL, Source: "istio"})
	f.set("")
	scrapeOK(t, s)
	clk.passSeconds(5)
	page := istioPage(3, [3]int{1, 2, 3}, 9)
	var kept []string
	for line := range strings.Lines(page) {
		if !strings.Contains(line, "+Inf") {
			kept = append(kept, line)
		}
	}
	f.set(strings.Join(kept, ""))
	scrapeOK(t, s)
	edges := store.takeEdges()
	if len(edges) != 1 || edges[0].Requests != 3 || edges[0].Reset || !cmp.Equal(edges[0].Counts, []uint64{1, 1, 0}) {
		t.Errorf("edges %+v", edges)
	}
}

func TestWhole(t *testing.T) {
	for v, want := range map[float64]uint64{0: 0, 0.4: 0, 2.5: 3, 1e300: 1<<63 - 1} {
		if got := whole(v); got != want {
			t.Errorf("whole(%v) = %d, want %d", v, got, want)
		}
	}
}
