package alert

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// verdict is what an evaluation says about one severity of an SLO.
type verdict struct {
	row    slo.RowStatus // the row that fires, or the first of the severity
	firing bool
	frozen bool          // a row has no data, and none fires
	calm   bool          // the short windows of all rows are at or below their factors
	hold   time.Duration // how long it must stay calm: the shortest short window
}

// judge sums up the rows of one severity; false if the SLO has none.
func judge(rows []slo.RowStatus, severity string) (v verdict, ok bool) {
	v.calm = true
	for _, r := range rows {
		if r.Row.Severity != severity {
			continue
		}
		if !ok || r.Firing && !v.firing {
			v.row = r
		}
		if !ok || r.Row.Short < v.hold {
			v.hold = r.Row.Short
		}
		ok = true
		v.firing = v.firing || r.Firing
		v.frozen = v.frozen || r.NoData != ""
		v.calm = v.calm && r.Calm
	}
	v.frozen = v.frozen && !v.firing
	return v, ok
}

// step is what to do about an incident.
type step int

const (
	stay    step = iota
	fire         // open a new one
	note         // remember since when it is calm, or that it no longer is
	resolve      // close it
)

// next decides the step for the open incident of a severity (nil: none) after
// an evaluation whose windows end at to. With note it returns the new
// CalmSince.
func next(open *Incident, v verdict, to time.Time) (step, time.Time) {
	if open == nil {
		if v.firing {
			return fire, time.Time{}
		}
		return stay, time.Time{}
	}
	switch calm := v.calm && !v.frozen; {
	case !calm && open.CalmSince.IsZero():
		return stay, time.Time{}
	case !calm:
		return note, time.Time{}
	case open.CalmSince.IsZero():
		return note, to
	case to.Sub(open.CalmSince) >= v.hold:
		return resolve, time.Time{}
	}
	return stay, time.Time{}
}
