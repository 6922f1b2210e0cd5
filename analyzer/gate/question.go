package gate

import (
	"errors"
	"fmt"
	"math"
	"time"

	gatev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// Defaults of a check.
const (
	DefaultFor           = 10 * time.Minute
	DefaultErrorMargin   = 0.01
	DefaultLatencyMargin = 0.05
	DefaultAlpha         = 0.05
)

const (
	// bucket is the grain of the counts.
	bucket = 10 * time.Second
	// kept is how long buckets of 10 s are kept (store/schema).
	kept = 3 * 24 * time.Hour
	// longest is the longest window: half of what is kept, so that a check does
	// not lose its own beginning.
	longest = kept / 2
)

// question is a CheckRequest with its defaults.
type question struct {
	service, namespace, canary, baseline string
	from                                 time.Time // zero: when the canary's run began
	length                               time.Duration
	threshold                            record.Bin // -1: to be found
	errorMargin, latencyMargin, alpha    float64
}

// ask reads a request. Errors name the field and what it may be.
func ask(req *gatev1.CheckRequest) (question, error) {
	q := question{
		service: req.GetService(), namespace: req.GetNamespace(), canary: req.GetCanary(), baseline: req.GetBaseline(),
		length: DefaultFor, threshold: -1,
		errorMargin: DefaultErrorMargin, latencyMargin: DefaultLatencyMargin, alpha: DefaultAlpha,
	}
	switch {
	case q.service == "":
		return q, errors.New("service is missing: name the service that both versions belong to")
	case q.canary == "" || q.baseline == "":
		return q, errors.New("canary and baseline are both needed: name two versions of the service")
	case q.canary == q.baseline:
		return q, fmt.Errorf("canary and baseline are both %q: a version cannot be compared with itself", q.canary)
	}
	if req.GetFrom() != nil {
		q.from = ceil(req.GetFrom().AsTime())
	}
	if err := q.setDurations(req); err != nil {
		return q, err
	}
	return q, errors.Join(
		setShare(&q.errorMargin, req.ErrorMargin, "error_margin", 0),
		setShare(&q.latencyMargin, req.LatencyMargin, "latency_margin", 0),
		setShare(&q.alpha, req.Alpha, "alpha", math.SmallestNonzeroFloat64),
	)
}

func (q *question) setDurations(req *gatev1.CheckRequest) error {
	if d := req.GetFor(); d != nil {
		if q.length = d.AsDuration(); q.length < bucket || q.length > longest {
			return fmt.Errorf("for %s is not between %s and %s", q.length, bucket, longest)
		}
		q.length = q.length.Truncate(bucket)
	}
	if d := req.GetLatency(); d != nil {
		us := d.AsDuration().Microseconds()
		if us <= 0 || us > math.MaxUint32 {
			return fmt.Errorf("latency %s is not between 1µs and %s", d.AsDuration(), time.Duration(math.MaxUint32)*time.Microsecond)
		}
		q.threshold = record.BinOf(uint32(us))
	}
	return nil
}

// setShare takes over a share that was given, if it is in [least, 1).
func setShare(to, given *float64, name string, least float64) error {
	if given == nil {
		return nil
	}
	if !(*given >= least && *given < 1) {
		return fmt.Errorf("%s %v is not a share: 0.01 is one in a hundred", name, *given)
	}
	*to = *given
	return nil
}

// ceil rounds up to the grid of the buckets.
func ceil(t time.Time) time.Time {
	down := t.Truncate(bucket)
	if down.Before(t) {
		return down.Add(bucket)
	}
	return down
}

// upperEdge is the greatest duration of a bin.
func upperEdge(b record.Bin) time.Duration {
	_, high := b.Bounds()
	return time.Duration(high) * time.Microsecond
}
