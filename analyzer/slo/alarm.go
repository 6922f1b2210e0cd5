package slo

import "time"

// Alarm is the state of one severity of an SLO over many evaluations, as alerts
// keep it: it fires with the first row that does, and ends when no row has been
// hot for as long as the shortest of their short windows. Without data it keeps
// its state, and the calm time starts anew. The zero Alarm is quiet.
type Alarm struct {
	Firing bool
	Fired  bool // at any time
	NoData bool // at the last step

	calmSince time.Time
}

// Step advances the alarm by an evaluation whose windows end at to.
func (a *Alarm) Step(rows []RowStatus, severity string, to time.Time) {
	firing, calm, hold := false, true, time.Duration(0)
	a.NoData = false
	for _, r := range rows {
		if r.Row.Severity != severity {
			continue
		}
		firing = firing || r.Firing
		calm = calm && r.Calm
		a.NoData = a.NoData || r.NoData != ""
		if hold == 0 || r.Row.Short < hold {
			hold = r.Row.Short
		}
	}
	switch {
	case firing:
		a.Firing, a.Fired, a.NoData, a.calmSince = true, true, false, time.Time{}
	case !calm:
		a.calmSince = time.Time{}
	case a.calmSince.IsZero():
		a.calmSince = to
	case to.Sub(a.calmSince) >= hold:
		a.Firing = false
	}
}
