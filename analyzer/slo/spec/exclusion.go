package spec

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/exclude"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/recur"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// exclusionObject is ours: OpenSLO has no word for maintenance. Its fields are
// named like those of Nobl9's BudgetAdjustment.
type exclusionObject struct {
	Header `yaml:",inline"`
	Spec   struct {
		Description     string            `yaml:"description"`
		FirstEventStart string            `yaml:"firstEventStart"`
		TimeZone        string            `yaml:"timeZone"`
		Duration        yamlfile.Duration `yaml:"duration"`
		RRule           string            `yaml:"rrule"`
		SLOs            []string          `yaml:"slos"`
		Services        []string          `yaml:"services"`
	} `yaml:"spec"`
}

// maxExclusion bounds an exclusion: a longer one is surely a mistake.
const maxExclusion = 31 * 24 * time.Hour

func (r *reader) exclusion() {
	var o exclusionObject
	if !r.decode(&o) {
		return
	}
	r.register("Exclusion", o.Metadata, o.Spec.Description)
	e := exclude.Exclusion{
		Name: o.Metadata.Name, Reason: o.Spec.Description, Duration: o.Spec.Duration.D(), SLOs: o.Spec.SLOs, Services: o.Spec.Services,
	}
	if o.Spec.Description == "" {
		r.errorf("spec.description", "is missing: why the time does not count")
	}
	if e.Duration <= 0 || e.Duration > maxExclusion {
		r.errorf("spec.duration", "%s is not above zero and at most 31 days", e.Duration)
	}
	e.Start = r.eventStart(o.Spec.FirstEventStart, o.Spec.TimeZone)
	if o.Spec.RRule != "" {
		rule, err := recur.Parse(o.Spec.RRule)
		if err != nil {
			r.errorf("spec.rrule", "%v", err)
		}
		e.Rule = &rule
	}
	if !r.failed {
		r.lib.Exclusions = append(r.lib.Exclusions, e)
	}
}

func (r *reader) eventStart(text, zone string) time.Time {
	loc, err := time.LoadLocation(zone) // "" is UTC
	if err != nil || zone == "Local" {
		r.errorf("spec.timeZone", "%q is not a time zone of the IANA database such as Europe/Berlin or UTC", zone)
		return time.Time{}
	}
	start, err := time.ParseInLocation(time.DateTime, text, loc)
	if err != nil {
		r.errorf("spec.firstEventStart", "%q is not a time such as 2026-01-01 02:00:00", text)
	}
	return start
}
