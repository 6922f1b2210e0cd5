package rows

import (
	"math"
	"time"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// window is what is left of a moment of receipt for the rows of one message:
// which completion times need no clamping, in nanoseconds since the epoch.
type window struct {
	received time.Time
	lo, hi   int64
}

// sane bounds the seconds of a start time for which nanoseconds do not overflow,
// with room for a duration.
const sane = math.MaxInt64 / int64(time.Second) / 2

// end returns when a request completed, clamped, and what clamping took away.
func (s *Stream) end(c *wire.Common, duration time.Duration, received time.Time) (end time.Time, skew time.Duration) {
	w := &s.window
	if w.received != received {
		*w = window{received, received.Add(-record.MaxAge).UnixNano(), received.Add(record.MaxAhead).UnixNano()}
	}
	if sec := c.Start.Seconds; sec > -sane && sec < sane {
		if at := sec*int64(time.Second) + int64(c.Start.Nanos) + int64(duration); at >= w.lo && at <= w.hi {
			return time.Unix(0, at), 0
		}
	}
	return record.ClampTime(c.Start.Time().Add(duration), received)
}

// durationOf returns how long the request or try took: to the last byte sent
// downstream, which is what its caller waited for; where none was sent (a try, a
// caller that left) to the end of the stream, which Envoy logs a little later.
// Envoys before 1.24 do not log that: the last thing that they saw stands for it.
func durationOf(c *wire.Common) time.Duration {
	switch {
	case c.LastDownstreamTx.Set:
		return c.LastDownstreamTx.Duration()
	case c.Duration.Set:
		return c.Duration.Duration()
	}
	return c.LastSeen.Duration()
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
