package slo

import (
	"fmt"
	"regexp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// burnRate is the annotation that replaces the default rows; see parseRows.
const burnRate = "plimsoll.dev/burn-rate"

// Load reads all SLOs of the given files, in their order. The error lists
// everything that is wrong in all of them, as yamlfile.Errors.
func Load(paths []string) ([]*SLO, error) {
	var docs []yamlfile.Doc
	var errs yamlfile.Errors
	for _, path := range paths {
		d, err := yamlfile.ReadFile(path)
		errs.Add(err)
		docs = append(docs, d...)
	}
	slos, err := Parse(docs)
	errs.Add(err)
	return slos, errs.Err()
}

// Parse reads one SLO from each document.
func Parse(docs []yamlfile.Doc) ([]*SLO, error) {
	var slos []*SLO
	var errs yamlfile.Errors
	seen := map[string]string{}
	for _, d := range docs {
		s, err := parse(d)
		if err != nil {
			errs.Add(err)
			continue
		}
		place := fmt.Sprintf("%s:%d", d.File, d.Line())
		if first, twice := seen[s.Name]; twice {
			errs.Add(d.Errorf("metadata.name", "an SLO named %q stands already at %s", s.Name, first))
			continue
		}
		seen[s.Name] = place
		slos = append(slos, s)
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return slos, nil
}

func parse(d yamlfile.Doc) (*SLO, error) {
	var in document
	if err := d.Decode(&in); err != nil {
		return nil, err
	}
	if in.APIVersion != "openslo/v1" {
		return nil, d.Errorf("apiVersion", "%q is not supported; write openslo/v1", in.APIVersion)
	}
	if in.Kind != "SLO" {
		return nil, d.Errorf("kind", "%q is not supported yet; only SLO is", in.Kind)
	}
	r := &reader{doc: d}
	r.refuseUnsupported(&in)
	if r.errs != nil {
		return nil, r.errs
	}
	s := r.read(&in)
	return s, r.errs.Err()
}

// reader turns one document into an SLO and collects what is wrong in it.
type reader struct {
	doc  yamlfile.Doc
	errs yamlfile.Errors
}

func (r *reader) errorf(path, format string, args ...any) {
	r.errs.Add(r.doc.Errorf(path, format, args...))
}

// maxDescription bounds spec.description, in characters (OpenSLO).
const maxDescription = 1050

var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func (r *reader) read(in *document) *SLO {
	if !label.MatchString(in.Metadata.Name) {
		r.errorf("metadata.name", "%q is not a name: at most 63 of a-z, 0-9 and - (RFC 1123)", in.Metadata.Name)
	}
	if in.Spec.Service == "" {
		r.errorf("spec.service", "is missing: the service that owes the objective")
	}
	if n := len([]rune(in.Spec.Description)); n > maxDescription {
		r.errorf("spec.description", "has %d characters; at most %d are allowed", n, maxDescription)
	}
	if m := in.Spec.BudgetingMethod; m != "Occurrences" {
		r.errorf("spec.budgetingMethod", "%q is not supported yet; only Occurrences is", m)
	}
	s := &SLO{
		Name:        in.Metadata.Name,
		DisplayName: in.Metadata.DisplayName,
		Description: in.Spec.Description,
		Service:     in.Spec.Service,
		Indicator:   r.indicator(in.Spec.Indicator.Spec.RatioMetric),
		Period:      r.period(in.Spec.TimeWindow),
		Objective:   r.objective(in.Spec.Objectives),
	}
	if r.errs == nil { // rows are judged by period and objective
		s.Rows = r.rows(in.Metadata.Annotations, s)
	}
	return s
}

func (r *reader) rows(annotations map[string]scalar, s *SLO) []Row {
	text, ok := annotations[burnRate]
	if !ok {
		rows := burn.DefaultRows(s.Period, Grid, s.Beta())
		if len(rows) == 0 {
			r.errorf("metadata.annotations", "no default burn-rate row can fire at this target; give rows in %s", burnRate)
		}
		return rows
	}
	rows, err := burn.ParseRows(text.text, burn.Limits{Period: s.Period, Bucket: Grid, Beta: s.Beta()})
	if err != nil {
		r.errs.Add(&yamlfile.Error{File: r.doc.File, Line: text.line, Field: "metadata.annotations." + burnRate, Msg: err.Error()})
	}
	return rows
}
