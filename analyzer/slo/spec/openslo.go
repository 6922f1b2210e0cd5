package spec

import "go.yaml.in/yaml/v3"

// The types below mirror OpenSLO v1 (github.com/OpenSLO/OpenSLO, README). A
// field of type any is one that OpenSLO has and this package refuses by name.

// Header is what every object begins with. It is exported because only then are
// its fields known to the reader of files.
type Header struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
}

type metadata struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace"` // of Kubernetes; not read
	DisplayName string            `yaml:"displayName"`
	Labels      map[string]any    `yaml:"labels"` // a string or a list of strings each
	Annotations map[string]scalar `yaml:"annotations"`
}

type sloObject struct {
	Header `yaml:",inline"`
	Spec   sloSpec `yaml:"spec"`
}

type sloSpec struct {
	Description     string        `yaml:"description"`
	Service         string        `yaml:"service"`
	Indicator       *indicator    `yaml:"indicator"`
	IndicatorRef    string        `yaml:"indicatorRef"`
	TimeWindow      []timeWindow  `yaml:"timeWindow"`
	BudgetingMethod string        `yaml:"budgetingMethod"`
	Objectives      []objective   `yaml:"objectives"`
	AlertPolicies   []policyEntry `yaml:"alertPolicies"`
}

type sliObject struct {
	Header `yaml:",inline"`
	Spec   indicatorSpec `yaml:"spec"`
}

type indicator struct {
	Metadata metadata      `yaml:"metadata"`
	Spec     indicatorSpec `yaml:"spec"`
}

type indicatorSpec struct {
	Description     string       `yaml:"description"`
	ThresholdMetric any          `yaml:"thresholdMetric"`
	RatioMetric     *ratioMetric `yaml:"ratioMetric"`
}

type ratioMetric struct {
	Counter *bool   `yaml:"counter"`
	Good    *metric `yaml:"good"`
	Bad     *metric `yaml:"bad"`
	Total   *metric `yaml:"total"`
	Raw     any     `yaml:"raw"`
	RawType any     `yaml:"rawType"`
}

type metric struct {
	MetricSource metricSource `yaml:"metricSource"`
}

type metricSource struct {
	MetricSourceRef string     `yaml:"metricSourceRef"`
	Type            string     `yaml:"type"`
	Spec            sourceSpec `yaml:"spec"`
}

// sourceSpec is the query of metric source type "plimsoll": ours, not
// OpenSLO's.
type sourceSpec struct {
	Service   string   `yaml:"service"`
	Namespace string   `yaml:"namespace"`
	Route     string   `yaml:"route"`
	Caller    string   `yaml:"caller"`
	Method    string   `yaml:"method"`
	Outcomes  []string `yaml:"outcomes"`
	Latency   string   `yaml:"latency"`
}

type timeWindow struct {
	Duration  string    `yaml:"duration"`
	IsRolling *bool     `yaml:"isRolling"`
	Calendar  *calendar `yaml:"calendar"`
}

type calendar struct {
	StartTime string `yaml:"startTime"`
	TimeZone  string `yaml:"timeZone"`
}

type objective struct {
	DisplayName     string     `yaml:"displayName"`
	Op              any        `yaml:"op"`
	Value           any        `yaml:"value"`
	Target          *float64   `yaml:"target"`
	TargetPercent   *float64   `yaml:"targetPercent"`
	TimeSliceTarget *float64   `yaml:"timeSliceTarget"`
	TimeSliceWindow string     `yaml:"timeSliceWindow"`
	Indicator       *indicator `yaml:"indicator"`
	IndicatorRef    string     `yaml:"indicatorRef"`
	CompositeWeight *float64   `yaml:"compositeWeight"`
}

type serviceObject struct {
	Header `yaml:",inline"`
	Spec   struct {
		Description string `yaml:"description"`
	} `yaml:"spec"`
}

type dataSourceObject struct {
	Header `yaml:",inline"`
	Spec   struct {
		Description       string         `yaml:"description"`
		Type              string         `yaml:"type"`
		ConnectionDetails map[string]any `yaml:"connectionDetails"`
	} `yaml:"spec"`
}

type policyObject struct {
	Header `yaml:",inline"`
	Spec   policySpec `yaml:"spec"`
}

// policyEntry is an AlertPolicy in place, or the name of one.
type policyEntry struct {
	Ref        string     `yaml:"alertPolicyRef"`
	APIVersion string     `yaml:"apiVersion"`
	Kind       string     `yaml:"kind"`
	Metadata   metadata   `yaml:"metadata"`
	Spec       policySpec `yaml:"spec"`
}

type policySpec struct {
	Description         string           `yaml:"description"`
	AlertWhenNoData     bool             `yaml:"alertWhenNoData"`
	AlertWhenResolved   bool             `yaml:"alertWhenResolved"`
	AlertWhenBreaching  *bool            `yaml:"alertWhenBreaching"`
	Conditions          []conditionEntry `yaml:"conditions"`
	NotificationTargets []targetEntry    `yaml:"notificationTargets"`
}

type conditionObject struct {
	Header `yaml:",inline"`
	Spec   conditionSpec `yaml:"spec"`
}

type conditionEntry struct {
	Ref        string        `yaml:"conditionRef"`
	APIVersion string        `yaml:"apiVersion"`
	Kind       string        `yaml:"kind"`
	Metadata   metadata      `yaml:"metadata"`
	Spec       conditionSpec `yaml:"spec"`
}

type conditionSpec struct {
	Description string    `yaml:"description"`
	Severity    string    `yaml:"severity"`
	Condition   condition `yaml:"condition"`
}

type condition struct {
	Kind           string  `yaml:"kind"`
	Op             string  `yaml:"op"`
	Threshold      float64 `yaml:"threshold"`
	LookbackWindow string  `yaml:"lookbackWindow"`
	AlertAfter     string  `yaml:"alertAfter"`
}

type targetObject struct {
	Header `yaml:",inline"`
	Spec   targetSpec `yaml:"spec"`
}

type targetEntry struct {
	Ref        string     `yaml:"targetRef"`
	APIVersion string     `yaml:"apiVersion"`
	Kind       string     `yaml:"kind"`
	Metadata   metadata   `yaml:"metadata"`
	Spec       targetSpec `yaml:"spec"`
}

type targetSpec struct {
	Description string `yaml:"description"`
	Target      string `yaml:"target"`
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
