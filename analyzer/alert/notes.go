package alert

import (
	"fmt"
	"strconv"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo"
)

// notes are the annotations of an incident for an event, firing or resolved.
type notes func(event string) map[string]string

// explained gives the figures of a status and a row, and the counts behind
// them. All are strings.
func explained(st slo.Status, row slo.RowStatus) notes {
	beta := st.SLO.Beta()
	return func(event string) map[string]string {
		text := map[string]string{
			"summary":         summary(event, st, row),
			"objective":       number(st.SLO.Objective),
			"period":          st.SLO.Period.String(),
			"factor":          number(row.Row.Factor),
			"bad":             strconv.FormatUint(st.Count.Bad(), 10),
			"total":           strconv.FormatUint(st.Count.Total, 10),
			"window_from":     st.Window.From.Format(time.RFC3339),
			"window_to":       st.Window.To.Format(time.RFC3339),
			"long_window":     row.Row.Long.String(),
			"long_bad":        strconv.FormatUint(row.Long.Count.Bad(), 10),
			"long_total":      strconv.FormatUint(row.Long.Count.Total, 10),
			"short_window":    row.Row.Short.String(),
			"short_bad":       strconv.FormatUint(row.Short.Count.Bad(), 10),
			"short_total":     strconv.FormatUint(row.Short.Count.Total, 10),
			"budget_allowed":  number(st.Count.Allowed(beta)),
			"long_burn_rate":  rate(row.Long.Count.BurnRate(beta)),
			"short_burn_rate": rate(row.Short.Count.BurnRate(beta)),
		}
		if left, ok := st.Count.Remaining(beta); ok {
			text["budget_remaining"] = number(left)
			if burn, ok := row.Long.Count.BurnRate(beta); ok && burn > 0 {
				text["exhausted_in"] = lasts(left, burn, st.SLO.Period).String()
			}
		}
		return text
	}
}

// lasts is how long what is left of a budget lasts at a burn rate: P·R/BR, and
// nothing once it is spent. It takes the spending of the past to stay in the
// period.
func lasts(left, burn float64, period time.Duration) time.Duration {
	d := time.Duration(max(left, 0) / burn * float64(period))
	if d < time.Minute {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// retired explains an incident whose SLO, or whose rows of that severity, are
// gone from the configuration.
func retired(in Incident) notes {
	return func(string) map[string]string {
		return map[string]string{
			"summary": fmt.Sprintf("%s has no rule for a %s any more: it has gone from the configuration", in.SLO, in.Severity),
		}
	}
}

// summary is one sentence for a person.
func summary(event string, st slo.Status, row slo.RowStatus) string {
	if event == resolved {
		return fmt.Sprintf("%s no longer burns the error budget of %s: %d of %d requests were bad in the last %s",
			st.SLO.Service, st.SLO.Name, row.Short.Count.Bad(), row.Short.Count.Total, row.Row.Short)
	}
	burn, _ := row.Long.Count.BurnRate(st.SLO.Beta())
	return fmt.Sprintf("%s burns the error budget of %s at %.3g times the sustainable rate: %d of %d requests were bad in the last %s",
		st.SLO.Service, st.SLO.Name, burn, row.Long.Count.Bad(), row.Long.Count.Total, row.Row.Long)
}

func rate(v float64, ok bool) string {
	if !ok {
		return "undefined"
	}
	return number(v)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
