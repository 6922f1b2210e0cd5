package slo

import (
	"fmt"
	"strconv"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// parsePeriod reads OpenSLO's duration shorthand: a whole number and one of m,
// h, d, w. Months, quarters and years have no fixed length and belong to
// calendar windows.
func parsePeriod(s string) (time.Duration, error) {
	if len(s) < 2 {
		return 0, fmt.Errorf("%q is not a duration such as 1h, 7d or 4w", s)
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not a duration such as 1h, 7d or 4w", s)
	}
	switch unit := s[len(s)-1]; unit {
	case 'm':
		return time.Duration(n) * time.Minute, nil
	case 'h':
		return time.Duration(n) * time.Hour, nil
	case 'd':
		return time.Duration(n) * day, nil
	case 'w':
		return time.Duration(n) * week, nil
	case 'M', 'Q', 'Y':
		return 0, fmt.Errorf("unit %q is not supported yet for a rolling window; write days or weeks", string(unit))
	default:
		return 0, fmt.Errorf("%q is not a duration such as 1h, 7d or 4w", s)
	}
}

// parseWindow reads the length of a burn-rate window: "20s", "1h30m", "3d".
func parseWindow(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	d, err := parsePeriod(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 20s, 5m, 1h or 3d", s)
	}
	return d, nil
}

// short writes a duration without its zero parts: "1h" for 1h0m0s.
func short(d time.Duration) string {
	switch {
	case d >= day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
