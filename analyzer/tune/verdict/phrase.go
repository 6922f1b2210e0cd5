package verdict

import (
	"fmt"
	"math"
	"strconv"
	"time"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
)

// Units of evidence.
const (
	unitMillis    = "ms"
	unitRequests  = "requests"
	unitTries     = "tries"
	unitPerSecond = "per_second"
	unitShare     = "share"
	unitNone      = "none"
)

// unknown stands for a value in force that no mesh could tell.
const unknown = "unknown"

func evidence(name string, value float64, unit, format string, args ...any) *tunev1.Evidence {
	return &tunev1.Evidence{Name: name, Value: rounded(value), Unit: unit, Source: fmt.Sprintf(format, args...)}
}

// rounded keeps four significant digits: more would be noise.
func rounded(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return v
	}
	return short
}

// count writes 1650 as "1,650".
func count[T int | uint64 | uint32](n T) string {
	digits := strconv.FormatUint(uint64(max(n, 0)), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// percent writes 0.0818 as "8.2 %".
func percent(share float64) string { return decimal(100*share) + " %" }

// decimal writes three significant digits, and no fraction from 100 on.
func decimal(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(roundTo(v, 1), 'f', -1, 64)
}

func roundTo(v float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(v*scale) / scale
}

// span writes a duration for a sentence: "162 ms", "1.5 s".
func span(d time.Duration) string {
	if d.Abs() >= time.Second {
		return strconv.FormatFloat(roundTo(d.Seconds(), 2), 'f', -1, 64) + " s"
	}
	return decimal(inMillis(d)) + " ms"
}

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// limitText writes a time limit as a value: "400ms", "off" for zero.
func limitText(d time.Duration) string {
	if d == 0 {
		return "off"
	}
	return d.String()
}

// from returns the text of a value in force, or unknown.
func (p policy) from(text string) string {
	if !p.known {
		return unknown
	}
	return text
}

// step is the grid that time limits are rounded to: values that people would
// write, never coarser than a tenth.
func step(d time.Duration) time.Duration {
	switch {
	case d >= 500*time.Millisecond:
		return 50 * time.Millisecond
	case d >= 100*time.Millisecond:
		return 10 * time.Millisecond
	}
	return time.Millisecond
}

func roundUp(d, to time.Duration) time.Duration {
	return (d + to - 1) / to * to
}
