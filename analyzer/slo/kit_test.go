package slo

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/spec"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
)

const s, m, h = time.Second, time.Minute, time.Hour

// t0 lies on the grids of ten seconds and of a minute. It is recent because the
// store drops old rows; nothing else depends on it.
var t0 = window.Floor(time.Now().Add(-time.Hour), window.Coarse)

func span(from, to time.Duration) Window { return Window{From: t0.Add(from), To: t0.Add(to)} }

func defaultGood() []record.Outcome { return spec.DefaultGood() }

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}
