package meshmetrics

import (
	"math"
	"time"
)

// startHint is what a page itself says of the start of its process, for targets
// without an admin interface.
type startHint struct {
	seconds float64 // process_start_time_seconds
	uptime  float64 // envoy_server_uptime
	told    bool    // the uptime was on the page
}

// Envoy brings its gauge of the uptime up to date when it flushes its stats,
// each five seconds by default.
const uptimeLag = 5*time.Second + uptimeGrain

// maxSeconds bounds what is believed: some three hundred years.
const maxSeconds = 1e10

// see takes a sample of the page.
func (h *startHint) see(name string, value float64) {
	if math.IsNaN(value) || value < 0 || value > maxSeconds {
		return
	}
	switch name {
	case "process_start_time_seconds":
		h.seconds = value
	case "envoy_server_uptime", "server_uptime":
		h.uptime, h.told = value, true
	}
}

// started returns the earliest start that fits the page, zero if it says none.
func (h *startHint) started(l *life, at time.Time) time.Time {
	switch {
	case h.seconds > 0:
		return time.UnixMilli(int64(h.seconds * 1000))
	case h.told:
		return l.next(at, time.Duration(h.uptime*float64(time.Second)), uptimeLag)
	}
	return time.Time{}
}
