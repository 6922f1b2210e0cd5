package meshmetrics

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestRowsAddUp scrapes counters that grow at random, over pages in any order
// of which some break, time out or answer 500: rows add up to what was counted
// between the first page and the last, in proxies' statistics and on edges.
func TestRowsAddUp(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		f := newFakeTarget(t)
		s, store, clk := startScraper(t, target.Target{URL: f.URL, Proxy: "p", Source: []string{"envoy", "istio"}[seed%2]})
		counters := map[string]int{}
		for i := range 8 {
			counters[seriesOf(seed%2 == 1, i)] = rng.IntN(50)
		}
		begin := total(counters)
		for round := range 30 {
			clk.passSeconds(1 + rng.IntN(30))
			for series := range counters {
				if round > 0 {
					counters[series] += rng.IntN(3)
				}
			}
			page := render(counters)
			broken := round > 0 && round < 29 && rng.IntN(3) == 0
			f.status.Store(0)
			if broken && rng.IntN(2) == 0 {
				f.status.Store(500)
			} else if broken {
				page = page[:rng.IntN(len(page)-1)+1]
				page = strings.TrimSuffix(page, "\n") + "x"
			}
			f.set(page)
			if err := s.scrape(t.Context()); (err != nil) != broken {
				t.Fatalf("seed %d, round %d: error %v, want one: %v", seed, round, err, broken)
			}
		}
		got := 0
		for _, row := range store.take() {
			if row.Kind == record.StatCounter {
				got += int(row.Value)
			}
		}
		for _, e := range store.takeEdges() {
			got += int(e.Requests)
		}
		if want := total(counters) - begin; got != want {
			t.Errorf("seed %d: rows add up to %d, counted were %d", seed, got, want)
		}
	}
}

// seriesOf returns one of several counters.
func seriesOf(istio bool, i int) string {
	if istio {
		return fmt.Sprintf(`istio_requests_total{reporter="source",destination_workload="w%d",response_code="200"}`, i)
	}
	return fmt.Sprintf(`envoy_cluster_upstream_rq_total{envoy_cluster_name="c%d"}`, i)
}

// render writes a page; the order of a map is any.
func render(counters map[string]int) string {
	var b strings.Builder
	for series, value := range counters {
		fmt.Fprintf(&b, "%s %d\n", series, value)
	}
	return b.String()
}

func total(counters map[string]int) (sum int) {
	for _, value := range counters {
		sum += value
	}
	return sum
}
