package graph

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestLineFinish shows what an edge says beside its counts.
func TestLineFinish(t *testing.T) {
	rows := []countRow{row(record.VantageClient, "r", record.OutcomeOK, 8, 10), row(record.VantageClient, "r", record.OutcomeTimeout, 2, 5)}
	rows[0].First, rows[0].Last, rows[1].First, rows[1].Last = 5_000_000, 7_000_000, 1_000_000, 6_000_000
	rows[0].RequestBytes, rows[1].RequestBytes, rows[0].ResponseBytes = 100, 20, 3
	_, edges := build(rows, nil, options{length: 5 * time.Second})
	e := edges[0]
	if e.GetAmplification() != 1.5 || e.Timeouts != 2 || e.Rate != 2 {
		t.Errorf("amplification %v, timeouts %d, rate %v; want 1.5, 2, 2", e.GetAmplification(), e.Timeouts, e.Rate)
	}
	if e.RequestBytes != 120 || e.ResponseBytes != 3 {
		t.Errorf("bytes %d and %d, want 120 and 3", e.RequestBytes, e.ResponseBytes)
	}
	if first, last := e.FirstSeen.AsTime().Unix(), e.LastSeen.AsTime().Unix(); first != 1 || last != 7 {
		t.Errorf("seen from %d to %d, want 1 to 7", first, last)
	}
	if got := e.Sources[0].GetErrorRatio(); got != 0.2 {
		t.Errorf("the client's error ratio is %v, want 0.2", got)
	}
}

// TestNoAmplificationOfAttempts: the server's rows are tries, of which nobody
// knows how many calls they were.
func TestNoAmplificationOfAttempts(t *testing.T) {
	_, edges := build([]countRow{row(record.VantageServer, "r", record.OutcomeOK, 8, 8)}, nil, options{length: time.Second})
	if edges[0].Amplification != nil {
		t.Errorf("amplification %v, want none", *edges[0].Amplification)
	}
}

// TestLatenciesOfHiddenLinesAreDropped: only lines that are shown get bins.
func TestLatenciesOfHiddenLinesAreDropped(t *testing.T) {
	rows := []countRow{row(record.VantageClient, "r1", record.OutcomeOK, 1, 1), row(record.VantageClient, "r2", record.OutcomeOK, 1, 1)}
	latencies := []latencyRow{
		{Src: web, Dst: ratings, Route: "r1", Vantage: record.VantageClient, Hist: histogramOf(1_000)},
		{Src: web, Dst: ratings, Route: "r2", Vantage: record.VantageClient, Hist: histogramOf(2_000)},
	}
	_, all := count(rows, options{})
	edges := finish(all[1:], latencies, options{length: time.Second})
	if len(edges) != 1 || edges[0].Route != "r2" || edges[0].LatencyMs.P50.High != 2 {
		t.Fatalf("edges %v, want r2 alone with its own latency", edges)
	}
	if diff := cmp.Diff(edges[0].LatencyMs.P50, edges[0].LatencyMs.P999, protocmp.Transform()); diff != "" {
		t.Errorf("one request has one latency:\n%s", diff)
	}
}
