package envoyals

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
)

// outcomeCount is how many outcomes record knows, with room for more.
const outcomeCount = 32

// tally counts what one message brought, so that shared counters are touched
// once per message.
type tally struct {
	requests, attempts [outcomeCount]uint64
	refused            [rows.ReasonCount]uint64
	interim            uint64 // reports from the midst of a request, not stored
	clamped            uint64 // rows whose time was clamped
	capped             uint64 // rows with a name beyond the caps
}

func (t *tally) mark(skew time.Duration, capped bool) {
	if skew != 0 {
		t.clamped++
	}
	if capped {
		t.capped++
	}
}

func sum(counts []uint64) (total uint64) {
	for _, n := range counts {
		total += n
	}
	return total
}
