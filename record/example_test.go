package record_test

import (
	"fmt"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// A bin says where a duration lies to two significant digits, and its upper
// edge belongs to it.
func ExampleBin_Bounds() {
	for _, us := range []uint32{7, 250_000, 250_001} {
		lo, hi := record.BinOf(us).Bounds()
		fmt.Printf("%d µs lies in (%d, %d]\n", us, lo, hi)
	}
	// Output:
	// 7 µs lies in (6, 7]
	// 250000 µs lies in (240000, 250000]
	// 250001 µs lies in (250000, 260000]
}

// The same status is three outcomes, which ask for three remedies.
func ExampleClassify() {
	fmt.Println(record.Classify(503, -1, 0, "via_upstream"))
	fmt.Println(record.Classify(503, -1, record.FlagUO, "upstream_reset_before_response_started{overflow}"))
	fmt.Println(record.Classify(503, -1, record.FlagUH, "no_healthy_upstream"))
	// Output:
	// server_error
	// overflow
	// no_healthy
}
