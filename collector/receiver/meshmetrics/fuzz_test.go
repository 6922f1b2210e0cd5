package meshmetrics

import (
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// FuzzScrape gives a scraper two pages of any content, one after the other: it
// does not panic, and no row of it says what cannot be.
func FuzzScrape(f *testing.F) {
	f.Add(pageOf(retries+open+logs, 1, 0, 2), pageOf(retries+open+coded, 0, 1, 5), false)
	f.Add(pageOf(retries+retries, 1, 2), pageOf(retries, "NaN"), false)
	f.Add(istioPage(3, [3]int{1, 2, 3}, 9), istioPage(2, [3]int{9, 1, 2}, 1), true)
	f.Add(istioPage(3, [3]int{1, 2, 3}, 9), "", true)
	f.Add("process_start_time_seconds 1e9\n", "process_start_time_seconds 9e9\nistio_requests_total{reporter=\"waypoint\"} 1e308\n", true)
	f.Fuzz(func(t *testing.T, first, second string, ofIstio bool) {
		source := "envoy"
		if ofIstio {
			source = "istio"
		}
		tel, err := newTelemetry(componenttest.NewNopTelemetrySettings())
		if err != nil {
			t.Fatal(err)
		}
		store, clk := newFakeStore(), newClock()
		p := placed(t, target.Target{URL: "unix:///run/admin.sock", Source: source})
		s, err := newScraper(p.target, newClient(p.address, nil, ""), createDefaultConfig().(*Config), store, tel, clk.now)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range []string{first, second} {
			clk.passSeconds(5)
			resp := &http.Response{Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader(text))}
			if s.readPage(resp) != nil {
				continue
			}
			s.apply(clk.now())
			for _, row := range store.take() {
				checkStatRow(t, row, i == 0)
			}
			for _, e := range store.takeEdges() {
				checkEdgeRow(t, e)
			}
		}
	})
}

func checkStatRow(t *testing.T, row record.ProxyStat, first bool) {
	t.Helper()
	bad := math.IsNaN(row.Value) || math.IsInf(row.Value, 0) || row.Name == "" || row.At.IsZero() || row.Step < 0
	if row.Kind == record.StatCounter {
		bad = bad || row.Value < 0 || row.Value > row.Total || first && row.Reset
	} else {
		bad = bad || row.Value != row.Total || row.Step != 0 || row.Reset
	}
	if bad {
		t.Errorf("a row that cannot be: %+v", row)
	}
}

func checkEdgeRow(t *testing.T, e record.EdgeSample) {
	t.Helper()
	histogram := len(e.Counts) > 0
	if histogram && (len(e.Counts) != len(e.Bounds)+1 || !slices.IsSorted(e.Bounds) || e.Latency == record.LatencyNone) ||
		!histogram && (len(e.Bounds) > 0 || e.Latency != record.LatencyNone || e.LatencySum != 0) || e.Src.ID == "" || e.Step < 0 {
		t.Errorf("a sample that cannot be: %+v", e)
	}
}
