package spec

import (
	"fmt"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Annotations of ours on an SLO.
const (
	burnRate    = "plimsoll.dev/burn-rate"    // rows that replace the default ones; see burn.ParseRows
	quietSlices = "plimsoll.dev/quiet-slices" // good, bad or skip: what a slice without traffic is
	minFailures = "plimsoll.dev/min-failures" // of the low-traffic gate; 0 switches the gate off
)

// slo reads an SLO: one for each objective, or a composite.
func (r *reader) slo() {
	var in sloObject
	if !r.decode(&in) {
		return
	}
	if in.Spec.Service == "" {
		r.errorf("spec.service", "is missing: the service that owes the objective")
	}
	r.register("SLO", in.Metadata, in.Spec.Description)
	base := SLO{
		Name: in.Metadata.Name, DisplayName: in.Metadata.DisplayName, Description: in.Spec.Description,
		Service: in.Spec.Service, Origin: r.place(),
	}
	r.method(&base, in)
	r.period(&base, in.Spec.TimeWindow)
	list := r.objectives(base, in)
	if r.failed { // rows are judged by period and objective
		return
	}
	for _, s := range list {
		r.gate(s, in.Metadata.Annotations)
		s.Rows = r.rows(s, in)
	}
	if !r.failed {
		r.lib.SLOs = append(r.lib.SLOs, list...)
	}
}

func (r *reader) method(s *SLO, in sloObject) {
	switch m := budget.Method(in.Spec.BudgetingMethod); m {
	case budget.Occurrences:
	case budget.Timeslices, budget.RatioTimeslices:
		s.Slicing.Method = m
	default:
		r.errorf("spec.budgetingMethod", "%q is not supported; write Occurrences, Timeslices or RatioTimeslices", m)
	}
	quiet, ok := in.Metadata.Annotations[quietSlices]
	if !ok {
		return
	}
	if s.Slicing.Method == "" {
		r.annotationf(quietSlices, quiet, "needs budgetingMethod Timeslices or RatioTimeslices")
	}
	switch q := budget.Quiet(quiet.text); q {
	case budget.QuietGood, budget.QuietBad, budget.QuietSkip:
		s.Slicing.Quiet = q
	default:
		r.annotationf(quietSlices, quiet, "%q is not supported; write good, bad or skip", quiet.text)
	}
}

// annotationf refuses the value of an annotation.
func (r *reader) annotationf(name string, at scalar, format string, args ...any) {
	r.failed = true
	r.errs.Add(&yamlfile.Error{File: r.doc.File, Line: at.line, Field: "metadata.annotations." + name, Msg: fmt.Sprintf(format, args...)})
}

func (r *reader) gate(s *SLO, annotations map[string]scalar) {
	s.Gate = burn.DefaultGate
	text, ok := annotations[minFailures]
	if !ok {
		return
	}
	if _, err := fmt.Sscanf(text.text+"\n", "%d\n", &s.Gate.MinFailures); err != nil {
		r.annotationf(minFailures, text, "%q is not a number of failures such as 3; 0 switches the low-traffic gate off", text.text)
	}
	if s.Gate.MinFailures == 0 {
		s.Gate = burn.Gate{}
	}
}

// rows reads the burn-rate rows: of the annotation, of the alert policies, or
// the default ones.
func (r *reader) rows(s *SLO, in sloObject) []burn.Row {
	limits := burn.Limits{Period: s.Period, Bucket: s.Bucket(), Beta: s.Beta()}
	text, ok := in.Metadata.Annotations[burnRate]
	if len(in.Spec.AlertPolicies) > 0 {
		if ok {
			r.annotationf(burnRate, text, "stands beside spec.alertPolicies; write one of them")
		}
		return r.policyRows(s, in.Spec.AlertPolicies, limits)
	}
	if !ok {
		rows := burn.DefaultRows(limits.Period, limits.Bucket, limits.Beta)
		if len(rows) == 0 {
			r.errorf("metadata.annotations", "no default burn-rate row can fire at this target; give rows in %s", burnRate)
		}
		return rows
	}
	rows, err := burn.ParseRows(text.text, limits)
	if err != nil {
		r.annotationf(burnRate, text, "%v", err)
	}
	for _, row := range rows {
		if weak := row.Weak(limits.Bucket); weak != "" {
			r.lib.Warnings = append(r.lib.Warnings, Warning{"short-window", &yamlfile.Error{
				File: r.doc.File, Line: text.line, Field: "metadata.annotations." + burnRate, Msg: weak,
			}})
		}
	}
	return rows
}

// slug makes a part of a name out of a text for people; "" if nothing of it can
// stand in one.
func slug(text string) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			return c
		}
		return '-'
	}, text)
	for strings.Contains(text, "--") {
		text = strings.ReplaceAll(text, "--", "-")
	}
	return strings.Trim(text, "-")
}
