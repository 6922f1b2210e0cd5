package slo

import (
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// State is the verdict on an SLO.
type State string

// The states, gravest last.
const (
	OK        State = "ok"
	Burning   State = "burning"   // a row fires
	Exhausted State = "exhausted" // nothing of the budget is left
	NoData    State = "no_data"   // undefined: no events, or no sight of them
)

// Status is one SLO as evaluated at a time.
type Status struct {
	SLO       *SLO
	At        time.Time // when it was asked
	Watermark time.Time // up to when everything is stored; zero if unknown
	Window    Window    // the period, ended at the watermark on the grid
	Count     Count     // over Window
	State     State
	Reason    string // why there is no data, or that the SLO is young
	Rows      []RowStatus
}

// RowStatus is one row of the burn-rate rule as evaluated.
type RowStatus struct {
	Row         Row
	Long, Short Reading
	NoData      string // why the row cannot be judged; "" if it can
	Held        string // why it does not fire although both windows exceed the factor: low traffic
	Firing      bool   // both windows exceed the factor, and nothing holds it
	Calm        bool   // the short window does not exceed it
}

// Reading is a window with what was counted in it.
type Reading struct {
	Window Window
	Count  Count
}

// minCoverage is the share of a window that must have been seen.
const minCoverage = 0.9

// maxLag bounds how far the watermark may stay behind the time of asking.
const maxLag = time.Minute

// windowsOf lists what must be counted for an evaluation that ends at to: the
// period, then the long and the short window of each row. A calendar period is
// counted from its start to to; with slices all ends lie on them.
func windowsOf(s *SLO, to time.Time) []Window {
	if s.Slice > 0 {
		to = window.Floor(to, s.Slice)
	}
	list := []Window{period(s, to)}
	for _, r := range s.Rows {
		list = append(list, window.Before(to, r.Long), window.Before(to, r.Short))
	}
	if s.Slice > 0 {
		for i := range list {
			list[i].From = window.Floor(list[i].From, s.Slice)
		}
	}
	return list
}

// period is the rolling period that ends at to, or the calendar one up to it. At
// the very start of a calendar period that is the whole one before.
func period(s *SLO, to time.Time) Window {
	if s.Calendar == nil {
		return window.Before(to, s.Period)
	}
	w, _ := s.Calendar.At(to.Add(-1))
	return Window{From: w.From.UTC(), To: to}
}

// judge turns the counts of s.windows into a status. It is the whole rule and
// knows nothing of the store.
func judge(s *SLO, at, watermark time.Time, windows []Window, counts []Count, seen Sight) Status {
	st := Status{SLO: s, At: at, Watermark: watermark, Window: windows[0], Count: counts[0], State: OK}
	for i, r := range s.Rows {
		long, short := 1+2*i, 2+2*i
		row := RowStatus{Row: r, Long: Reading{Window: windows[long], Count: counts[long]}, Short: Reading{Window: windows[short], Count: counts[short]}}
		row.judge(s, seen)
		if row.Firing {
			st.State = Burning
		}
		st.Rows = append(st.Rows, row)
	}
	if left, ok := st.Count.Remaining(s.Beta()); ok && left <= 0 {
		st.State = Exhausted
	}
	st.Reason = seen.young(st.Window)
	why := seen.gap(st.Window, st.Count)
	if lag := at.Sub(watermark); why == "" && lag > maxLag {
		why = fmt.Sprintf("rows are complete only up to %s before the time asked for", lag.Round(time.Second))
	}
	if why != "" {
		st.blind(why)
	}
	return st
}

// judge decides the row from its two readings.
func (r *RowStatus) judge(s *SLO, seen Sight) {
	beta := s.Beta()
	if r.NoData = seen.gap(r.Long.Window, r.Long.Count); r.NoData == "" {
		r.NoData = seen.gap(r.Short.Window, r.Short.Count)
	}
	if r.NoData != "" {
		return
	}
	hot := r.Short.Count.Exceeds(r.Row.Factor, beta)
	r.Calm = !hot
	r.Firing = hot && r.Long.Count.Exceeds(r.Row.Factor, beta)
	if r.Firing && s.Slice == 0 && len(s.Parts) == 0 { // the gate is about requests
		r.Held = s.Gate.Holds(r.Long.Count, r.Row.Factor, beta)
		r.Firing = r.Held == ""
	}
}

// blind makes the status one without data, its rows too: they neither fire nor
// clear.
func (st *Status) blind(why string) {
	st.State, st.Reason = NoData, why
	for i := range st.Rows {
		r := &st.Rows[i]
		r.Firing, r.Calm, r.NoData = false, false, why
	}
}

// unseen returns the status of an SLO for which there is no watermark.
func unseen(s *SLO, at time.Time, why string) Status {
	st := Status{SLO: s, At: at}
	for _, r := range s.Rows {
		st.Rows = append(st.Rows, RowStatus{Row: r})
	}
	st.blind(why)
	return st
}
