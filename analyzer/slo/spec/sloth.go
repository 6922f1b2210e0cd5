package spec

import (
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// slothSpec is prometheus/v1 of Sloth; the form for Kubernetes has the same
// under spec, in camel case. What only decorates the rules that Sloth writes is
// of type any.
type slothSpec struct {
	Version    string     `yaml:"version"`
	Service    string     `yaml:"service"`
	Labels     any        `yaml:"labels"`
	SLOPlugins any        `yaml:"slo_plugins"`
	SLOs       []slothSLO `yaml:"slos"`
}

type slothSLO struct {
	Name        string  `yaml:"name"`
	Description string  `yaml:"description"`
	Objective   float64 `yaml:"objective"`
	Labels      any     `yaml:"labels"`
	Plugins     any     `yaml:"plugins"`
	SLI         struct {
		Raw    any `yaml:"raw"`
		Plugin any `yaml:"plugin"`
		Events *struct {
			ErrorQuery string `yaml:"error_query"`
			TotalQuery string `yaml:"total_query"`
		} `yaml:"events"`
	} `yaml:"sli"`
	Alerting any `yaml:"alerting"`
}

type slothObject struct {
	Header `yaml:",inline"`
	Spec   struct {
		Service    string `yaml:"service"`
		Labels     any    `yaml:"labels"`
		SLOPlugins any    `yaml:"sloPlugins"`
		SLOs       []struct {
			Name        string  `yaml:"name"`
			Description string  `yaml:"description"`
			Objective   float64 `yaml:"objective"`
			Labels      any     `yaml:"labels"`
			Plugins     any     `yaml:"plugins"`
			SLI         struct {
				Raw    any `yaml:"raw"`
				Plugin any `yaml:"plugin"`
				Events *struct {
					ErrorQuery string `yaml:"errorQuery"`
					TotalQuery string `yaml:"totalQuery"`
				} `yaml:"events"`
			} `yaml:"sli"`
			Alerting any `yaml:"alerting"`
		} `yaml:"slos"`
	} `yaml:"spec"`
}

// slothPeriod is Sloth's default; it is a flag there, not part of a spec.
const slothPeriod = 30 * window.Day

func (r *reader) sloth() {
	var in slothSpec
	if !r.decode(&in) {
		return
	}
	for i, s := range in.SLOs {
		path := fmt.Sprintf("slos[%d]", i)
		if s.SLI.Events == nil {
			r.errorf(path+".sli", "is not mapped: only events with error_query and total_query are")
			continue
		}
		r.slothSLO(path, "error_query", in.Service, s.Name, s.Description, s.Objective, s.SLI.Events.ErrorQuery, s.SLI.Events.TotalQuery)
	}
}

func (r *reader) slothKubernetes() {
	var in slothObject
	if !r.decode(&in) {
		return
	}
	for i, s := range in.Spec.SLOs {
		path := fmt.Sprintf("spec.slos[%d]", i)
		if s.SLI.Events == nil {
			r.errorf(path+".sli", "is not mapped: only events with errorQuery and totalQuery are")
			continue
		}
		r.slothSLO(path, "errorQuery", in.Spec.Service, s.Name, s.Description, s.Objective, s.SLI.Events.ErrorQuery, s.SLI.Events.TotalQuery)
	}
}

func (r *reader) slothSLO(path, field, service, name, description string, percent float64, errorQuery, totalQuery string) {
	field = path + ".sli.events." + field
	bad, err := selectionOf(errorQuery)
	if err != nil {
		r.errorf(field, "%v", err)
		return
	}
	all, err := selectionOf(totalQuery)
	if err != nil {
		r.errorf(path+".sli.events", "total query %v", err)
		return
	}
	in, err := ratioOf(bad, all)
	if err != nil {
		r.errorf(field, "%v", err)
		return
	}
	s := &SLO{Name: slug(service + "-" + name), Service: service, Description: description, Indicator: in}
	s.Objective = r.target(path, objective{TargetPercent: &percent})
	r.imported(path+".name", s, slothPeriod)
	r.warn("sloth-period", path, "the period is 30d, Sloth's default: it is not part of a spec")
}

// imported finishes an SLO of another tool with the default rows.
func (r *reader) imported(path string, s *SLO, period time.Duration) {
	if !label.MatchString(s.Name) {
		r.errorf(path, "makes the name %q, which is none: at most 63 of a-z, 0-9 and - (RFC 1123)", s.Name)
	}
	if r.failed {
		return
	}
	r.claim("SLO", s.Name, path)
	s.Period, s.Origin, s.Gate = period, r.place(), burn.DefaultGate
	s.Rows = burn.DefaultRows(period, window.Grid, s.Beta())
	if len(s.Rows) == 0 {
		r.errorf(path, "no default burn-rate row can fire at this target")
	}
	if !r.failed {
		r.lib.SLOs = append(r.lib.SLOs, s)
	}
}
