package wire

import "time"

// Span is a google.protobuf.Timestamp or Duration as it came: seconds and
// nanoseconds, unchecked. Set tells an explicit zero from a missing field.
type Span struct {
	Seconds int64
	Nanos   int32
	Set     bool
}

// maxSeconds keeps a span within time.Duration: 31 years.
const maxSeconds = 1_000_000_000

// Duration returns the span as a duration, limited to ± maxSeconds.
func (s Span) Duration() time.Duration {
	sec := min(max(s.Seconds, -maxSeconds), maxSeconds)
	return time.Duration(sec)*time.Second + time.Duration(s.Nanos)
}

// Time returns the span as a moment since the Unix epoch.
func (s Span) Time() time.Time { return time.Unix(s.Seconds, int64(s.Nanos)) }

func (s *Span) decode(b []byte) error {
	s.Set = true
	for i := 0; i < len(b); {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 1<<3 | wireVarint:
			s.Seconds = int64(v)
		case 2<<3 | wireVarint:
			s.Nanos = int32(v)
		}
		i = end
	}
	return nil
}

// offsets are what can stand in for a missing duration.
type offsets struct {
	lastRx            Span // time_to_last_rx_byte
	lastUpstreamRx    Span // time_to_last_upstream_rx_byte
	firstDownstreamTx Span // time_to_first_downstream_tx_byte
}

// latest walks over an entry once more and sets s to its largest offset.
func (s *Span) latest(entry []byte) error {
	var o offsets
	for i := 0; i < len(entry); {
		key, v, end := next(entry, i)
		if end < 0 {
			return ErrMalformed
		}
		if key == 1<<3|wireBytes {
			if err := o.decode(entry[v:end]); err != nil {
				return err
			}
		}
		i = end
	}
	for _, other := range [...]Span{o.lastRx, o.lastUpstreamRx, o.firstDownstreamTx} {
		if other.Set && (!s.Set || other.Duration() > s.Duration()) {
			*s = other
		}
	}
	return nil
}

// decode reads an AccessLogCommon.
func (o *offsets) decode(b []byte) (err error) {
	for i := 0; i < len(b) && err == nil; {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		switch key {
		case 6<<3 | wireBytes:
			err = o.lastRx.decode(b[v:end])
		case 10<<3 | wireBytes:
			err = o.lastUpstreamRx.decode(b[v:end])
		case 11<<3 | wireBytes:
			err = o.firstDownstreamTx.decode(b[v:end])
		}
		i = end
	}
	return err
}
