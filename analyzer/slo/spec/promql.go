package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-mesh/plimsoll/record"
)

// selection is which requests one PromQL query counts, as far as it names a
// metric of a mesh.
type selection struct {
	in     Indicator // without what is good
	failed bool      // only requests that failed
	bound  time.Duration
}

// meshMetric says what the labels of a metric mean. A label with an empty
// meaning changes nothing: which proxy reports is chosen per edge.
type meshMetric struct {
	labels map[string]string // label to service, namespace, caller, failure, bound or ""
	unit   time.Duration     // of le
}

var (
	istioLabels = map[string]string{
		"destination_service_name": "service", "destination_workload": "service", "destination_app": "service", "destination_canonical_service": "service",
		"destination_service_namespace": "namespace", "destination_workload_namespace": "namespace",
		"source_workload": "caller", "source_app": "caller", "source_canonical_service": "caller",
		"response_code": "failure", "reporter": "", "le": "bound",
	}
	linkerdLabels = map[string]string{
		"deployment": "service", "app": "service", "namespace": "namespace", "classification": "failure", "direction": "", "le": "bound",
	}
)

// meshMetrics returns what a metric means; false if it is none of a mesh. Those
// of Envoy itself (envoy_cluster_upstream_rq) name a cluster of its
// configuration, not a service.
func meshMetrics(name string) (meshMetric, bool) {
	switch name {
	case "istio_requests_total":
		return meshMetric{labels: istioLabels}, true
	case "istio_request_duration_milliseconds_bucket", "istio_request_duration_milliseconds_count":
		return meshMetric{labels: istioLabels, unit: time.Millisecond}, true
	case "response_total", "request_total":
		return meshMetric{labels: linkerdLabels}, true
	case "response_latency_ms_bucket", "response_latency_ms_count":
		return meshMetric{labels: linkerdLabels, unit: time.Millisecond}, true
	}
	return meshMetric{}, false
}

// selectionOf reads a query that sums one metric of a mesh.
func selectionOf(query string) (selection, error) {
	query = strings.NewReplacer("{{.window}}", "5m", "{{ .window }}", "5m").Replace(query)
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return selection{}, fmt.Errorf("is not PromQL: %w", err)
	}
	var found []*parser.VectorSelector
	var odd string
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			found = append(found, n)
		case *parser.AggregateExpr:
			if n.Op != parser.SUM {
				odd = n.Op.String()
			}
		case *parser.Call:
			if n.Func.Name != "rate" && n.Func.Name != "increase" {
				odd = n.Func.Name
			}
		case *parser.BinaryExpr:
			odd = n.Op.String()
		}
		return nil
	})
	if odd != "" || len(found) != 1 {
		return selection{}, fmt.Errorf("is not a sum of the rate of one metric, which is what can be mapped")
	}
	return selectionOfMetric(found[0])
}

func selectionOfMetric(v *parser.VectorSelector) (selection, error) {
	name := v.Name
	for _, m := range v.LabelMatchers {
		if m.Name == metricName {
			name = m.Value
		}
	}
	metric, ok := meshMetrics(name)
	if !ok {
		return selection{}, fmt.Errorf("names %s, which is no metric of Istio or Linkerd that names a service", name)
	}
	var s selection
	for _, m := range v.LabelMatchers {
		if m.Name == metricName {
			continue
		}
		if err := s.match(metric, m); err != nil {
			return selection{}, err
		}
	}
	if s.in.Service == "" {
		return selection{}, fmt.Errorf("names no service: %s counts those of all", name)
	}
	return s, nil
}

func (s *selection) match(metric meshMetric, m *labels.Matcher) error {
	meaning, known := metric.labels[m.Name]
	plain := m.Type == labels.MatchEqual
	switch {
	case !known:
		return fmt.Errorf("has the label %s, which cannot be mapped", m.Name)
	case meaning == "":
	case meaning == "failure" && failures(m):
		s.failed = true
	case !plain:
		return fmt.Errorf("matches %s, which cannot be mapped; only = can, and response_code=~\"5..\"", m)
	case meaning == "service":
		s.in.Service = m.Value
	case meaning == "namespace":
		s.in.Namespace = m.Value
	case meaning == "caller":
		s.in.Caller = m.Value
	case meaning == "bound":
		le, err := strconv.ParseFloat(m.Value, 64)
		if err != nil || le <= 0 || le > 1e9 {
			return fmt.Errorf("has le=%q, which is no bound", m.Value)
		}
		s.bound = time.Duration(le * float64(metric.unit))
	default:
		return fmt.Errorf("matches %s, which cannot be mapped", m)
	}
	return nil
}

// failures tells whether a matcher is one of the usual ones for failed requests.
func failures(m *labels.Matcher) bool {
	switch m.Name {
	case "response_code":
		return m.Type == labels.MatchRegexp && slices.Contains([]string{"5..", "5.*", "5[0-9][0-9]", "5\\d\\d", "(5..)"}, m.Value)
	case "classification":
		return m.Type == labels.MatchEqual && m.Value == "failure"
	}
	return false
}

// notServerFailures lists the outcomes whose status is below 500.
func notServerFailures() []record.Outcome {
	return []record.Outcome{record.OutcomeOK, record.OutcomeClientError, record.OutcomeClientGone, record.OutcomeDenied, record.OutcomeRateLimited, record.OutcomeNoRoute}
}

// ratioOf joins a query of failed requests with one of all.
func ratioOf(errors, total selection) (Indicator, error) {
	switch {
	case !errors.failed:
		return Indicator{}, fmt.Errorf("counts errors without a matcher of failures, such as response_code=~\"5..\"")
	case total.failed || total.bound != 0 || errors.bound != 0 || !sameSelection(errors, total):
		return Indicator{}, fmt.Errorf("counts other requests as errors than in all; only the matcher of failures may differ")
	}
	in := total.in
	in.Good = notServerFailures()
	slices.Sort(in.Good)
	return in, nil
}

// boundOf joins a query of requests in time with one of all.
func boundOf(success, total selection) (Indicator, error) {
	switch {
	case success.bound == 0:
		return Indicator{}, fmt.Errorf("has no le: which requests are in time")
	case total.failed || success.failed || !sameSelection(success, total):
		return Indicator{}, fmt.Errorf("counts other requests as in time than in all; only le may differ")
	}
	if err := exactBound(success.bound.String(), success.bound); err != nil {
		return Indicator{}, err
	}
	in := total.in
	in.Good, in.Latency = DefaultGood(), success.bound
	return in, nil
}

func sameSelection(a, b selection) bool {
	return a.in.Service == b.in.Service && a.in.Namespace == b.in.Namespace && a.in.Caller == b.in.Caller
}

// metricName is the label that holds the name of a metric.
const metricName = "__name__"
