package record

import "time"

// Heartbeat says that a collector was alive and up to which completion time
// all that it received is durable. With Proxy set it speaks of one proxy's
// streams; without, of the collector as a whole.
type Heartbeat struct {
	At              time.Time
	Started         time.Time // of the collector's process: counts begin there
	Collector       string
	Proxy           string
	CompleteThrough time.Time
	Requests        uint64 // rows received since Started
	Attempts        uint64
	Flows           uint64
	Interim         uint64 // entries from the midst of a request, which become no row
	Refused         uint64 // entries that could not be read
	Clamped         uint64 // rows whose time was clamped
}

// MaxAge and MaxAhead bound how far a completion time may lie from the moment
// its row was received.
const (
	MaxAge   = time.Hour
	MaxAhead = 10 * time.Second
)

// ClampTime moves a completion time into [received − MaxAge, received +
// MaxAhead] and returns it with what was taken away (zero: nothing).
func ClampTime(end, received time.Time) (clamped time.Time, skew time.Duration) {
	clamped = end
	if lo := received.Add(-MaxAge); end.Before(lo) {
		clamped = lo
	} else if hi := received.Add(MaxAhead); end.After(hi) {
		clamped = hi
	}
	return clamped, end.Sub(clamped)
}
