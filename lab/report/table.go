package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable prints the summary: the phases, what was found before and after,
// the recommendations, and each expectation with its verdict.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n%s, seed %d, %.0f s\n\n", r.Scenario, r.Seed, r.DurationS)
	r.writePhases(t)
	for _, c := range r.Compare {
		r.writeComparison(t, c)
	}
	r.writeRecommendations(t)
	r.writeTelemetry(t)
	r.writeExpectations(t)
	return t.Flush()
}

func (r *Report) writePhases(w io.Writer) {
	fmt.Fprintln(w, "PHASE\tSECONDS\tOFFERED\tGOOD\tGOODPUT\tP50 MS\tP99 MS\tTRIES/CALL\tBACK AFTER\tSLO")
	for _, p := range r.Phases {
		fmt.Fprintf(w, "%s\t%.0f–%.0f\t%d\t%d\t%s\t%s\t%s\t%.2f\t%s\t%s\n", p.Name, p.FromS, p.UntilS, p.Offered, p.OK,
			percent(&p.Goodput), figure(p.P50Ms, "%.0f"), figure(p.P99Ms, "%.0f"), p.AttemptsPerRequest, r.recovery(p), r.sloStates(p.Name))
	}
	fmt.Fprintln(w, "BACK AFTER counts from the start of the phase until goodput stays at 95 % of the first phase's; trouble within the phase is part of it.")
}

// recovery is only of interest in a phase that is not the first.
func (r *Report) recovery(p Phase) string {
	switch {
	case len(r.Phases) > 0 && p.Name == r.Phases[0].Name:
		return "-"
	case p.RecoveryS == nil:
		return "not"
	}
	return fmt.Sprintf("%.0f s", *p.RecoveryS)
}

func (r *Report) sloStates(phase string) string {
	var states []string
	for _, s := range r.SLOs {
		if state := s.Phases[phase]; state != "" {
			states = append(states, state)
		}
	}
	if len(states) == 0 {
		return "-"
	}
	return strings.Join(states, ",")
}

func (r *Report) writeComparison(w io.Writer, c Comparison) {
	before, ok1 := r.Phase(c.Before)
	after, ok2 := r.Phase(c.After)
	if !ok1 || !ok2 {
		return
	}
	fmt.Fprintf(w, "\n%s\tBEFORE (%s)\tAFTER (%s)\n", strings.ToUpper(c.Title), before.Name, after.Name)
	row := func(name string, value func(Phase) string) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, value(before), value(after))
	}
	row("goodput", func(p Phase) string { return percent(&p.Goodput) })
	row("the workers could serve", func(p Phase) string { return percent(&p.CapacityGoodput) })
	row("back to normal, from the start of the phase", r.recovery)
	row("p99 ms of good requests", func(p Phase) string { return figure(p.P99Ms, "%.0f") })
	row("tries per call", func(p Phase) string { return fmt.Sprintf("%.2f", p.AttemptsPerRequest) })
}

func (r *Report) writeRecommendations(w io.Writer) {
	if len(r.Recommendations) == 0 {
		return
	}
	fmt.Fprintln(w, "\nAT\tEDGE\tKNOB\tVERDICT\tFROM\tTO\tWHY")
	for _, x := range r.Recommendations {
		verdict := x.Verdict
		if x.Provisional {
			verdict += " (provisional)"
		}
		fmt.Fprintf(w, "%.0f s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.PlannedAt.Sub(r.StartedAt).Seconds(), x.Edge, x.Knob, verdict, dash(x.From), dash(x.To), x.Reason)
	}
}

func (r *Report) writeTelemetry(w io.Writer) {
	t := r.Telemetry
	fmt.Fprintf(w, "\nTELEMETRY\t%d entries written by the proxies, %d dropped by them, ", t.ALSWritten, t.ALSDropped)
	if t.Completeness == nil {
		fmt.Fprintln(w, "rows stored not counted: the store is not the lab's own")
	} else {
		fmt.Fprintf(w, "%d rows stored, %d doubled, completeness %.6f\n", t.Rows, t.Doubled, *t.Completeness)
	}
	for _, p := range t.Proxies {
		if p.Lost != 0 {
			fmt.Fprintf(w, "LOST\t%d rows of %s: it wrote %d entries and dropped %d, %d are stored; Plimsoll says %s\n",
				p.Lost, p.Proxy, p.Written, p.Dropped, p.Rows, p.SeenLost)
		}
	}
	fmt.Fprintf(w, "MACHINE\t%d cores, sleepers woke up to %.0f ms late, %.0f s of processor time, %.0f MiB at the peak\n",
		r.Machine.Cores, r.Machine.OvershootP99Ms, r.Machine.CPUSeconds, r.Machine.PeakRSSMiB)
}

func (r *Report) writeExpectations(w io.Writer) {
	if len(r.Expectations) == 0 {
		return
	}
	fmt.Fprintln(w, "\nEXPECTED\tHOLDS")
	for _, e := range r.Expectations {
		verdict := "yes"
		if !e.Holds {
			verdict = "NO: " + e.Detail
		}
		fmt.Fprintf(w, "%s\t%s\n", e.Name, verdict)
	}
}

// String returns the value that both bounds are, or both.
func (b *Bounds) String() string {
	switch {
	case b == nil:
		return "that it does not know"
	case b.Low == b.High:
		return fmt.Sprintf("%.0f", b.Low)
	}
	return fmt.Sprintf("%.0f to %.0f", b.Low, b.High)
}

func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100**share)
}

func figure(v *float64, format string) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
