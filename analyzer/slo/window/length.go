package window

import (
	"fmt"
	"strconv"
	"time"
)

// Day and Week are lengths on a clock without changes of zone.
const (
	Day  = 24 * time.Hour
	Week = 7 * Day
)

// Length is a length in OpenSLO's duration shorthand, such as 28d or 1M.
type Length struct {
	N    int
	Unit byte // m minute, h hour, d day, w week, M month, Q quarter, Y year
}

// ParseLength reads a whole number and a unit. The error is for the writer of
// a file.
func ParseLength(s string) (Length, error) {
	bad := fmt.Errorf("%q is not a duration such as 1h, 7d or 4w", s)
	if len(s) < 2 {
		return Length{}, bad
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	if err != nil || n == 0 {
		return Length{}, bad
	}
	l := Length{int(n), s[len(s)-1]}
	switch l.Unit {
	case 'm', 'h', 'd', 'w', 'M', 'Q', 'Y':
		return l, nil
	}
	return Length{}, bad
}

// String returns the shorthand.
func (l Length) String() string { return strconv.Itoa(l.N) + string(l.Unit) }

// Fixed returns the length as a duration; false for months, quarters and
// years, which have none.
func (l Length) Fixed() (time.Duration, bool) {
	unit, ok := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': Day, 'w': Week}[l.Unit]
	return time.Duration(l.N) * unit, ok
}

// Typical returns the length as a duration, with months of 30, quarters of 90
// and years of 365 days, as OpenSLO's go-sdk has them. It is for scaling rules
// and for display; no period is measured with it.
func (l Length) Typical() time.Duration {
	if d, ok := l.Fixed(); ok {
		return d
	}
	return time.Duration(l.N) * map[byte]time.Duration{'M': 30 * Day, 'Q': 90 * Day, 'Y': 365 * Day}[l.Unit]
}

// Short writes a duration without its zero parts: "1h" for 1h0m0s.
func Short(d time.Duration) string {
	switch {
	case d >= Day && d%Day == 0:
		return fmt.Sprintf("%dd", d/Day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
