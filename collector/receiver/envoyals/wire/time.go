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

func (s *Span) decode(b []byte) (err error) {
	var f field
	s.Set = true
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		switch f.key {
		case 1<<3 | wireVarint:
			s.Seconds = int64(f.num)
		case 2<<3 | wireVarint:
			s.Nanos = int32(f.num)
		}
	}
	return err
}
