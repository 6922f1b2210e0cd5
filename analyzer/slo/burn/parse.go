package burn

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// Limits are what the rows of an SLO must keep within.
type Limits struct {
	Period time.Duration
	Bucket time.Duration // width of the buckets in which its events come
	Beta   float64
}

// ParseRows reads rows of "severity long short factor", separated by commas,
// such as "page 1h 5m 14.4, ticket 3d 6h 1".
func ParseRows(text string, l Limits) ([]Row, error) {
	var rows []Row
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseRow(part)
		if err != nil {
			return nil, err
		}
		if err := r.Lint(l); err != nil {
			return nil, fmt.Errorf("row %q: %w", strings.TrimSpace(part), err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func parseRow(text string) (Row, error) {
	f := strings.Fields(text)
	if len(f) != 4 {
		return Row{}, fmt.Errorf("row %q has not the form \"severity long short factor\", such as \"page 1h 5m 14.4\"", strings.TrimSpace(text))
	}
	long, err := ParseWindow(f[1])
	if err != nil {
		return Row{}, err
	}
	short, err := ParseWindow(f[2])
	if err != nil {
		return Row{}, err
	}
	factor, err := strconv.ParseFloat(f[3], 64)
	if err != nil || math.IsNaN(factor) || math.IsInf(factor, 0) {
		return Row{}, fmt.Errorf("factor %q is not a number such as 14.4", f[3])
	}
	return Row{Severity: f[0], Long: long, Short: short, Factor: factor}, nil
}

// ParseWindow reads the length of a burn-rate window: "20s", "1h30m", "3d".
func ParseWindow(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	if l, err := window.ParseLength(s); err == nil {
		if d, ok := l.Fixed(); ok {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%q is not a duration such as 20s, 5m, 1h or 3d", s)
}

// Lint refuses a row that cannot work.
//
// Over periods of more than a day the short window needs two buckets: one is
// all the evidence that the burn goes on. In an SLO over an hour or so the
// windows are seconds, and one bucket has to do; Weak says so.
func (r Row) Lint(l Limits) error {
	switch {
	case r.Severity != Page && r.Severity != Ticket:
		return fmt.Errorf("severity %q is neither page nor ticket", r.Severity)
	case r.Short < l.Bucket:
		return fmt.Errorf("short window %s is under one bucket of %s", window.Short(r.Short), window.Short(l.Bucket))
	case r.Long%l.Bucket != 0 || r.Short%l.Bucket != 0:
		return fmt.Errorf("windows must be multiples of the bucket of %s", window.Short(l.Bucket))
	case r.Short < minBuckets*l.Bucket && l.Period > window.Day:
		return fmt.Errorf("short window %s is a single bucket: write at least %s", window.Short(r.Short), window.Short(minBuckets*l.Bucket))
	case r.Long < r.Short:
		return fmt.Errorf("long window %s is shorter than the short one, %s", window.Short(r.Long), window.Short(r.Short))
	case r.Long > l.Period:
		return fmt.Errorf("long window %s is longer than the period, %s", window.Short(r.Long), window.Short(l.Period))
	case r.Factor <= 0:
		return fmt.Errorf("factor %g is not above zero", r.Factor)
	case r.Factor >= 1/l.Beta:
		return fmt.Errorf("factor %g can never be exceeded: with this target a burn rate is at most %.4g", r.Factor, 1/l.Beta)
	}
	return nil
}

// Weak says what is weak about a row that Lint lets pass; "" if nothing is.
func (r Row) Weak(bucket time.Duration) string {
	if r.Short < minBuckets*bucket {
		return fmt.Sprintf("the short window of the %s row is a single bucket of %s, so one bad bucket keeps the alert up", r.Severity, window.Short(bucket))
	}
	return ""
}
