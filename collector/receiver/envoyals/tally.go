package envoyals

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// outcomeCount is how many outcomes record knows, with room for more.
const outcomeCount = 32

// tally counts what one message brought, so that shared counters are touched
// once per message.
type tally struct {
	requests, attempts, flows [outcomeCount]uint64
	refused                   [rows.ReasonCount]uint64
	capped                    [rows.CapCount]uint64 // rows with a name beyond a cap
	interim                   uint64                // reports from the midst of a request or connection, not stored
	clamped                   uint64                // rows whose time was clamped
	unreadable                uint64                // rows whose peer object is of an unknown form
}

// mark counts what is odd about a row.
func (t *tally) mark(skew time.Duration, capped rows.Capped, c *wire.Common) {
	if skew != 0 {
		t.clamped++
	}
	if capped != 0 {
		t.cap(capped)
	}
	if c.UpstreamPeer.Unreadable || c.DownstreamPeer.Unreadable {
		t.unreadable++
	}
}

func (t *tally) cap(capped rows.Capped) {
	for one := range rows.CapCount {
		if capped.Has(one) {
			t.capped[one]++
		}
	}
}

func sum(counts []uint64) (total uint64) {
	for _, n := range counts {
		total += n
	}
	return total
}
