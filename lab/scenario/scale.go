package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Scale fits the scenario to another duration. Timeline actions keep their
// length (for), and so does the time they take up; everything between them is
// stretched or shrunk by one factor, and phases, load and the timeline's at
// move along. Drains keep their length. It refuses a duration below
// min_duration, or one in which a phase would have no load.
func (s *Scenario) Scale(d time.Duration) (*Scenario, error) {
	if d == s.Duration.D() {
		return s, nil
	}
	if d <= 0 {
		return nil, fmt.Errorf("scaling %s to %v: not a length of time", s.Name, d)
	}
	if d < s.MinDuration.Duration.D() {
		return nil, fmt.Errorf("scaling %s to %v: it needs at least %v: %s", s.Name, d, s.MinDuration.Duration, s.MinDuration.Reason)
	}
	w, err := newWarp(s, d)
	if err != nil {
		return nil, err
	}
	out := *s
	out.Duration = yamlfile.Duration(d)
	out.Phases = slices.Clone(s.Phases)
	out.Load = slices.Clone(s.Load)
	out.Timeline = slices.Clone(s.Timeline)
	for i := range out.Phases {
		w.move(&out.Phases[i].From, &out.Phases[i].Until)
	}
	for i := range out.Load {
		w.move(&out.Load[i].From, &out.Load[i].Until)
	}
	for i := range out.Timeline {
		w.move(&out.Timeline[i].At)
	}
	return &out, out.checkScaled()
}

// checkScaled finds phases that shrank to nothing.
func (s *Scenario) checkScaled() error {
	for i, p := range s.Phases {
		room := p.Until - p.From
		if i > 0 {
			room -= max(s.Phases[i-1].Until+s.Phases[i-1].Drain-p.From, 0)
		}
		if room < yamlfile.Duration(time.Second) {
			return fmt.Errorf("scaling %s to %v: phase %s would have only %v of load; choose a longer duration", s.Name, s.Duration, p.Name, room)
		}
	}
	return nil
}

// warp maps times of the scenario to times of a scaled run.
type warp struct {
	fixed  []stretch // disjoint, in order
	factor float64   // of all time outside of fixed
}

type stretch struct{ from, until time.Duration }

func newWarp(s *Scenario, d time.Duration) (*warp, error) {
	w := &warp{}
	for i := range s.Timeline {
		w.keep(stretch{s.Timeline[i].At.D(), s.Timeline[i].Until()})
	}
	kept := time.Duration(0)
	for _, f := range w.fixed {
		kept += f.until - f.from
	}
	free := s.Duration.D() - kept
	if d <= kept || free <= 0 {
		return nil, fmt.Errorf("scaling %s to %v: its timeline alone takes %v, which is never shortened", s.Name, d, kept)
	}
	w.factor = float64(d-kept) / float64(free)
	return w, nil
}

// keep adds a stretch; the timeline is in order of time.
func (w *warp) keep(f stretch) {
	if n := len(w.fixed); n > 0 && f.from <= w.fixed[n-1].until {
		w.fixed[n-1].until = max(w.fixed[n-1].until, f.until)
		return
	}
	w.fixed = append(w.fixed, f)
}

// at maps one time, to the millisecond.
func (w *warp) at(t time.Duration) time.Duration {
	kept := time.Duration(0)
	for _, f := range w.fixed {
		kept += max(min(t, f.until)-f.from, 0)
	}
	return (kept + time.Duration(float64(t-kept)*w.factor)).Round(time.Millisecond)
}

func (w *warp) move(times ...*yamlfile.Duration) {
	for _, t := range times {
		*t = yamlfile.Duration(w.at(t.D()))
	}
}
