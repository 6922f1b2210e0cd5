package survival_test

import (
	"fmt"

	"github.com/plimsoll-mesh/plimsoll/analyzer/tune/survival"
)

// Ten tries: seven were answered, three were cut at 100 ms. The median is
// known; what the slowest three would have taken is not, however the figures
// are turned.
func ExampleEstimate() {
	var tries []survival.Observation
	for _, ms := range []uint32{21, 28, 33, 41, 47, 62, 88} {
		tries = append(tries, survival.Observation{Micros: 1000 * ms, Event: true})
	}
	for range 3 {
		tries = append(tries, survival.Observation{Micros: 100_000})
	}
	curve := survival.Estimate(tries)
	fmt.Printf("the curve ends at %.0f %%\n", 100*curve.End())
	for _, p := range []float64{0.5, 0.9} {
		q := curve.Quantile(p)
		fmt.Printf("p%.0f: %v µs, identified: %v\n", 100*p, q.Value, q.Identified)
	}
	fmt.Printf("mean up to 100 ms: %.1f ms\n", curve.RestrictedMean(100_000)/1000)
	// Output:
	// the curve ends at 70 %
	// p50: 47000 µs, identified: true
	// p90: 0 µs, identified: false
	// mean up to 100 ms: 62.0 ms
}
