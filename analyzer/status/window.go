package status

import (
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// windowed is a request that names a window.
type windowed interface {
	GetFrom() *timestamppb.Timestamp
	GetTo() *timestamppb.Timestamp
	GetWindow() *durationpb.Duration
}

// window returns [from, to) of a request: the times that it names, or the length
// that it names before end.
func window(r windowed, end time.Time) (from, to time.Time, err error) {
	length := defaultWindow
	if w := r.GetWindow(); w != nil {
		length = w.AsDuration()
	}
	to = end
	if r.GetTo() != nil {
		to = r.GetTo().AsTime()
	}
	from = to.Add(-length)
	if r.GetFrom() != nil {
		if r.GetTo() == nil {
			return from, to, invalid("from without to: name both, or a window")
		}
		from = r.GetFrom().AsTime()
	}
	return from, to, checkWindow(from, to)
}

func checkWindow(from, to time.Time) error {
	switch length := to.Sub(from); {
	case length <= 0:
		return invalid("the window [%s, %s) does not start before its end", stamp(from), stamp(to))
	case length > maxWindow:
		return invalid("the window spans %s: ask for at most %s", length, maxWindow)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func invalid(format string, args ...any) error {
	return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf(format, args...))
}

var errNoRows = connect.NewError(connect.CodeFailedPrecondition,
	errors.New("no collector has ever reported to this store: there is nothing to compare"))

// at is nil for a time that is not known.
func at(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() || t.Unix() <= 0 {
		return nil
	}
	return timestamppb.New(t)
}
