package envoyals

import (
	"time"

	"google.golang.org/grpc"
)

// A stream carries no acknowledgement: what an Envoy has sent when its stream is
// ended, and the receiver has not read, is lost. So a stream is ended where
// nothing is on its way. An Envoy sends in bursts, each time that its flush
// interval has passed (half a second with our configuration, one by default);
// right after a burst there is the most time until the next.
const (
	drainIdle   = 30 * time.Millisecond   // without data for so long, a burst is over
	drainFresh  = 250 * time.Millisecond  // and the next one is still far
	drainQuiet  = 1200 * time.Millisecond // without data for so long, the proxy has nothing to say
	drainShort  = 5 * time.Millisecond    // any gap will do when little time is left
	drainHurry  = 2 * time.Second         // which is then
	drainLook   = 5 * time.Millisecond    // how often a draining stream is looked at
	drainLinger = time.Second             // streams are read on for so long after an own socket was closed
	drainLimit  = 3 * time.Second         // after that, streams are cut
)

// mayEnd tells whether a stream can be ended that drains for so long, whose last
// message was so long ago, and that must be read for linger at least.
func mayEnd(drains, silent, linger time.Duration) bool {
	switch {
	case drains < linger || silent < drainShort:
		return false
	case drains >= drainHurry:
		return true
	}
	return silent >= drainIdle && silent <= drainFresh || silent >= drainQuiet
}

// drain reads on until the stream ended or has a gap. Where the socket goes away
// with the receiver it first lingers, so that the health checks of the Envoys
// find that out: from then on they keep their entries, where they would have
// handed them to a connection that fails. A socket that another process holds
// takes their connections, and keeps them for the next receiver.
func (r *alsReceiver) drain(s *stream, ss grpc.ServerStream, done <-chan error) error {
	began := time.Now()
	ticker := time.NewTicker(drainLook)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return finish(ss, err)
		case <-ss.Context().Done():
			return ss.Context().Err()
		case <-ticker.C:
		}
		if !s.working.Load() && mayEnd(time.Since(began), s.silent(), r.linger) {
			return ss.SendMsg(emptyResponse{})
		}
	}
}
