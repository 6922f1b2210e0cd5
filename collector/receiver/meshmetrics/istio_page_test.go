package meshmetrics

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

// TestIstioPage holds the samples of a page of Istio's metrics. It is written
// by hand after Istio's documentation; no Istio runs here.
func TestIstioPage(t *testing.T) {
	text, err := os.ReadFile("testdata/istio.txt")
	if err != nil {
		t.Fatal(err)
	}
	f := newFakeTarget(t)
	s, store, clk := startScraper(t, target.Target{URL: f.URL, Source: "istio", Proxy: "p", Labels: map[string]string{"mesh": "bookinfo"}})
	scrapeOK(t, s) // an empty page: what comes then began after it
	clk.passSeconds(5)
	f.set(string(text))
	scrapeOK(t, s)
	got, err := json.MarshalIndent(store.takeEdges(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/istio.golden.json", append(got, '\n'))
	if n := s.telemetry.unmapped.Load(); n != 2 {
		t.Errorf("%d series are unmapped, want those of TCP and of the build", n)
	}
}
