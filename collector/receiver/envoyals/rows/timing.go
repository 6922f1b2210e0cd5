package rows

import (
	"math"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
)

// durationOf returns how long the request or try took: to the last byte sent
// downstream, which is what its caller waited for; where none was sent (a try, a
// caller that left) to the end of the stream, which Envoy logs a little later.
func durationOf(c *wire.Common) time.Duration {
	if c.LastDownstreamTx.Set {
		return c.LastDownstreamTx.Duration()
	}
	return c.Duration.Duration()
}

// micros returns d in whole microseconds, rounded down and kept within uint32
// (71 minutes).
func micros(d time.Duration) uint32 {
	return uint32(min(max(d.Microseconds(), 0), math.MaxUint32))
}

// came is micros of a span that happened: at least 1, since 0 says that it did
// not.
func came(d time.Duration) uint32 { return max(micros(d), 1) }

// firstByte returns the time to the first upstream response byte of a request.
func firstByte(c *wire.Common) uint32 {
	if !c.FirstUpstreamRx.Set {
		return 0
	}
	return came(c.FirstUpstreamRx.Duration())
}

// tryFirstByte returns how long a try waited for the first response byte once
// its request was sent.
func tryFirstByte(c *wire.Common) uint32 {
	if !c.FirstUpstreamRx.Set {
		return 0
	}
	return came(c.FirstUpstreamRx.Duration() - c.LastUpstreamTx.Duration())
}

// poolWait returns how long a try waited for a connection; one that never got
// any waited until its end.
func poolWait(c *wire.Common) uint32 {
	if !c.FirstUpstreamTx.Set {
		return micros(durationOf(c))
	}
	return micros(c.FirstUpstreamTx.Duration())
}
