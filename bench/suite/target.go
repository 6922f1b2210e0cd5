package suite

import "strconv"

// Target is the bar for a figure. The zero Target sets none.
type Target struct {
	kind  kind
	limit float64
}

type kind int

const (
	none kind = iota
	atLeast
	atMost
)

// AtLeast is a target from below.
func AtLeast(limit float64) Target { return Target{kind: atLeast, limit: limit} }

// AtMost is a target from above.
func AtMost(limit float64) Target { return Target{kind: atMost, limit: limit} }

// Holds tells whether the value meets the target.
func (t Target) Holds(value float64) bool {
	switch t.kind {
	case atLeast:
		return value >= t.limit
	case atMost:
		return value <= t.limit
	}
	return true
}

// String returns the target as text, such as "≥ 600000"; "" for none.
func (t Target) String() string {
	limit := strconv.FormatFloat(t.limit, 'f', -1, 64)
	switch t.kind {
	case atLeast:
		return "≥ " + limit
	case atMost:
		return "≤ " + limit
	}
	return ""
}
