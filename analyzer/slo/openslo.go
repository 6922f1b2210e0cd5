package slo

import "go.yaml.in/yaml/v3"

// The types below mirror OpenSLO v1 (github.com/OpenSLO/OpenSLO, README). A
// field of type any is one that OpenSLO has and this package does not read;
// refuseUnsupported names it.

type document struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       spec     `yaml:"spec"`
}

type metadata struct {
	Name        string            `yaml:"name"`
	DisplayName string            `yaml:"displayName"`
	Labels      map[string]any    `yaml:"labels"` // a string or a list of strings each
	Annotations map[string]scalar `yaml:"annotations"`
}

type spec struct {
	Description     string       `yaml:"description"`
	Service         string       `yaml:"service"`
	Indicator       indicator    `yaml:"indicator"`
	IndicatorRef    any          `yaml:"indicatorRef"`
	TimeWindow      []timeWindow `yaml:"timeWindow"`
	BudgetingMethod string       `yaml:"budgetingMethod"`
	Objectives      []objective  `yaml:"objectives"`
	AlertPolicies   any          `yaml:"alertPolicies"`
}

type indicator struct {
	Metadata any           `yaml:"metadata"`
	Spec     indicatorSpec `yaml:"spec"`
}

type indicatorSpec struct {
	Description     string       `yaml:"description"`
	ThresholdMetric any          `yaml:"thresholdMetric"`
	RatioMetric     *ratioMetric `yaml:"ratioMetric"`
}

type ratioMetric struct {
	Counter bool    `yaml:"counter"`
	Good    *metric `yaml:"good"`
	Bad     any     `yaml:"bad"`
	Total   *metric `yaml:"total"`
	Raw     any     `yaml:"raw"`
	RawType any     `yaml:"rawType"`
}

type metric struct {
	MetricSource metricSource `yaml:"metricSource"`
}

type metricSource struct {
	MetricSourceRef any        `yaml:"metricSourceRef"`
	Type            string     `yaml:"type"`
	Spec            sourceSpec `yaml:"spec"`
}

// sourceSpec is the query of metric source type "plimsoll": ours, not
// OpenSLO's.
type sourceSpec struct {
	Service   string   `yaml:"service"`
	Namespace string   `yaml:"namespace"`
	Route     string   `yaml:"route"`
	Outcomes  []string `yaml:"outcomes"`
	Latency   string   `yaml:"latency"`
}

type timeWindow struct {
	Duration  string `yaml:"duration"`
	IsRolling bool   `yaml:"isRolling"`
	Calendar  any    `yaml:"calendar"`
}

type objective struct {
	DisplayName     string   `yaml:"displayName"`
	Op              any      `yaml:"op"`
	Value           any      `yaml:"value"`
	Target          *float64 `yaml:"target"`
	TargetPercent   *float64 `yaml:"targetPercent"`
	TimeSliceTarget any      `yaml:"timeSliceTarget"`
	TimeSliceWindow any      `yaml:"timeSliceWindow"`
	Indicator       any      `yaml:"indicator"`
	IndicatorRef    any      `yaml:"indicatorRef"`
	CompositeWeight any      `yaml:"compositeWeight"`
}

// scalar is a string that remembers its line: the key of an annotation has
// dots, so its place cannot be found by path.
type scalar struct {
	text string
	line int
}

func (s *scalar) UnmarshalYAML(n *yaml.Node) error {
	s.line = n.Line
	return n.Decode(&s.text)
}
