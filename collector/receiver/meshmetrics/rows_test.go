package meshmetrics

import (
	"testing"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
)

// TestRowsPerMinute counts the rows of a real Envoy with three clusters, at
// rest and under load, over a minute of twelve scrapes: what it costs to keep
// them for long.
func TestRowsPerMinute(t *testing.T) {
	dir := runEnvoy(t)
	load(t, dir, 1)
	settle(t, dir)
	s, store, clk := startScraper(t, target.Target{URL: "unix://" + dir + "/admin.sock"})
	minute := func(requests int) (rows int) {
		for range 12 {
			clk.passSeconds(5)
			load(t, dir, requests)
			scrapeOK(t, s)
		}
		return len(store.take())
	}
	first := minute(0)
	rest, busy := minute(0), minute(1)
	t.Logf("rows in the first minute %d, at rest %d, under load %d, of %d series", first, rest, busy, len(s.readings))
	if most := 100; rest > most {
		t.Errorf("%d rows in a minute at rest, more than %d", rest, most)
	}
	if most := 12 * len(s.readings) / 2; busy > most {
		t.Errorf("%d rows in a minute under load, more than %d", busy, most)
	}
	if rest < 12*4 { // what accounts for loss
		t.Errorf("%d rows in a minute at rest: something is missing", rest)
	}
}
