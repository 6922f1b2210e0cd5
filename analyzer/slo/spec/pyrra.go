package spec

import (
	"strconv"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
)

// pyrraObject is ServiceLevelObjective of pyrra.dev/v1alpha1. What only changes
// the rules that Pyrra writes is of type any.
type pyrraObject struct {
	Header `yaml:",inline"`
	Spec   struct {
		Description string `yaml:"description"`
		Target      string `yaml:"target"`
		Window      string `yaml:"window"`
		Indicator   struct {
			Ratio *struct {
				Errors   pyrraMetric `yaml:"errors"`
				Total    pyrraMetric `yaml:"total"`
				Grouping []string    `yaml:"grouping"`
			} `yaml:"ratio"`
			Latency *struct {
				Success  pyrraMetric `yaml:"success"`
				Total    pyrraMetric `yaml:"total"`
				Grouping []string    `yaml:"grouping"`
			} `yaml:"latency"`
			LatencyNative any `yaml:"latencyNative"`
			BoolGauge     any `yaml:"bool_gauge"`
		} `yaml:"indicator"`
		Alerting                any `yaml:"alerting"`
		PartialResponseStrategy any `yaml:"partial_response_strategy"`
		PerformanceOverAccuracy any `yaml:"performanceOverAccuracy"`
		RuleOutput              any `yaml:"ruleOutput"`
	} `yaml:"spec"`
}

type pyrraMetric struct {
	Metric string `yaml:"metric"`
}

func (r *reader) pyrra() {
	var in pyrraObject
	if !r.decode(&in) {
		return
	}
	s := &SLO{Name: in.Metadata.Name, Description: in.Spec.Description}
	percent, err := strconv.ParseFloat(in.Spec.Target, 64)
	if err != nil {
		r.errorf("spec.target", "%q is not a percentage such as \"99.9\"", in.Spec.Target)
		return
	}
	s.Objective = r.target("spec", objective{TargetPercent: &percent})
	length, err := window.ParseLength(in.Spec.Window)
	if err != nil {
		r.errorf("spec.window", "%v", err)
		return
	}
	s.Indicator = r.pyrraIndicator(in)
	s.Service = s.Indicator.Service
	r.imported("metadata.name", s, length.Typical())
}

func (r *reader) pyrraIndicator(in pyrraObject) Indicator {
	const path = "spec.indicator"
	switch ratio, latency := in.Spec.Indicator.Ratio, in.Spec.Indicator.Latency; {
	case ratio != nil && len(ratio.Grouping) == 0:
		return r.join(path+".ratio", "errors", ratio.Errors.Metric, ratio.Total.Metric, ratioOf)
	case latency != nil && len(latency.Grouping) == 0:
		return r.join(path+".latency", "success", latency.Success.Metric, latency.Total.Metric, boundOf)
	case ratio != nil || latency != nil:
		r.errorf(path, "has a grouping, which is not mapped; write one SLO for each service")
	default:
		r.errorf(path, "is not mapped: only ratio and latency are")
	}
	return Indicator{}
}

func (r *reader) join(path, name, one, total string, join func(one, total selection) (Indicator, error)) Indicator {
	a, err := selectionOf(one)
	if err != nil {
		r.errorf(path+"."+name+".metric", "%v", err)
		return Indicator{}
	}
	b, err := selectionOf(total)
	if err != nil {
		r.errorf(path+".total.metric", "%v", err)
		return Indicator{}
	}
	in, err := join(a, b)
	if err != nil {
		r.errorf(path+"."+name+".metric", "%v", err)
	}
	return in
}
