package graph

import (
	"fmt"
	"time"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

// maxThreshold is the longest latency that can be asked for; rows hold up to
// 71 minutes.
const maxThreshold = time.Hour

func checkThresholds(within []uint32) error {
	for _, us := range within {
		if us == 0 || time.Duration(us)*time.Microsecond > maxThreshold {
			return fmt.Errorf("within_us %d is not between 1 and %d", us, maxThreshold.Microseconds())
		}
	}
	return nil
}

// within counts the requests of at most us microseconds. A threshold of at most
// two significant digits is the upper edge of a bin, so nothing is undecided
// (record.Bin). Between two edges the rows of the bin are spread evenly for the
// estimate, and the bounds are certain.
func (h histogram) within(us uint32) *graphv1.Within {
	w := &graphv1.Within{ThresholdUs: us}
	var partly float64
	for bin, n := range h {
		low, high := bin.Bounds()
		switch t := int64(us); {
		case high <= t:
			w.Requests += n
		case low < t:
			w.Undecided += n
			partly = float64(n) * float64(t-low) / float64(high-low)
		}
	}
	total := float64(h.total())
	if total == 0 {
		return w
	}
	w.Share = &typesv1.Figure{
		Estimate: (float64(w.Requests) + partly) / total,
		Low:      float64(w.Requests) / total,
		High:     float64(w.Requests+w.Undecided) / total,
	}
	return w
}
