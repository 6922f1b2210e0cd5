package spec

import (
	"time"
	_ "time/tzdata" // a zone must not depend on the machine

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

const windowPath = "spec.timeWindow[0]"

// period reads the one time window.
func (r *reader) period(s *SLO, windows []timeWindow) {
	if len(windows) != 1 {
		r.errorf("spec.timeWindow", "needs exactly one window, has %d", len(windows))
		return
	}
	w := windows[0]
	length, err := window.ParseLength(w.Duration)
	if err != nil {
		r.errorf(windowPath+".duration", "%v", err)
		return
	}
	s.Period = length.Typical()
	if w.Calendar != nil {
		r.calendar(s, w, length)
		return
	}
	switch {
	case w.IsRolling == nil:
		r.slip("rolling-missing", windowPath+".isRolling", "is missing; write true, or a calendar")
	case !*w.IsRolling:
		r.errorf(windowPath+".isRolling", "is false and there is no calendar; write true, or a calendar")
	}
	if _, fixed := length.Fixed(); !fixed {
		r.slip("month-as-30-days", windowPath+".duration", "a rolling window of %s has no fixed length; write %s", length, window.Short(s.Period))
	}
}

func (r *reader) calendar(s *SLO, w timeWindow, length window.Length) {
	if w.IsRolling != nil && *w.IsRolling {
		r.errorf(windowPath+".isRolling", "is true beside a calendar; write false")
	}
	zone, err := time.LoadLocation(w.Calendar.TimeZone)
	if err != nil || w.Calendar.TimeZone == "" || w.Calendar.TimeZone == "Local" {
		r.errorf(windowPath+".calendar.timeZone", "%q is not a time zone of the IANA database such as Europe/Berlin or UTC", w.Calendar.TimeZone)
		return
	}
	anchor, err := time.ParseInLocation(time.DateTime, w.Calendar.StartTime, zone)
	if err != nil {
		r.errorf(windowPath+".calendar.startTime", "%q is not a time such as 2026-01-01 00:00:00", w.Calendar.StartTime)
		return
	}
	if anchor.Second() != 0 {
		r.errorf(windowPath+".calendar.startTime", "must be a whole minute")
	}
	if s.Period < window.Day {
		r.warn("short-calendar", windowPath+".duration", "%s is less than a day; m is a minute and M a month", length)
	}
	s.Calendar = &window.Calendar{Anchor: anchor, Length: length}
}
