package spec

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/record"
)

const slothFile = `version: prometheus/v1
service: checkout
labels: {owner: shop}
slos:
  - name: requests-availability
    objective: 99.9
    description: most requests are answered
    sli:
      events:
        error_query: sum(rate(istio_requests_total{destination_service_name="checkout",reporter="source",response_code=~"5.."}[{{.window}}]))
        total_query: sum(rate(istio_requests_total{destination_service_name="checkout",reporter="source"}[{{.window}}]))
    alerting: {name: x, page_alert: {disable: true}}
`

const slothKubernetes = `apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: x, namespace: monitoring}
spec:
  service: checkout
  slos:
    - name: requests-availability
      objective: 99.9
      sli:
        events:
          errorQuery: sum(increase(response_total{deployment="checkout",namespace="shop",direction="inbound",classification="failure"}[{{ .window }}]))
          totalQuery: sum(increase(response_total{deployment="checkout",namespace="shop",direction="inbound"}[{{ .window }}]))
`

const pyrraFile = `apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: checkout-latency, namespace: monitoring}
spec:
  target: "99"
  window: 4w
  indicator:
    latency:
      success: {metric: 'istio_request_duration_milliseconds_bucket{destination_workload="checkout",source_app="web",le="250"}'}
      total: {metric: 'istio_request_duration_milliseconds_count{destination_workload="checkout",source_app="web"}'}
`

func TestImport(t *testing.T) {
	good := []record.Outcome{record.OutcomeOK, record.OutcomeClientError, record.OutcomeClientGone, record.OutcomeDenied, record.OutcomeRateLimited, record.OutcomeNoRoute}
	for _, tc := range []struct {
		name, text string
		want       SLO
	}{
		{"sloth", slothFile, SLO{Name: "checkout-requests-availability", Service: "checkout", Objective: 0.999, Period: 30 * window.Day, Indicator: Indicator{Service: "checkout", Good: good}}},
		{"sloth for kubernetes, linkerd", strings.Replace(slothKubernetes, ", namespace: monitoring", "", 1), SLO{Name: "checkout-requests-availability", Service: "checkout", Objective: 0.999, Period: 30 * window.Day, Indicator: Indicator{Service: "checkout", Namespace: "shop", Good: good}}},
		{"pyrra", strings.Replace(pyrraFile, ", namespace: monitoring", "", 1), SLO{Name: "checkout-latency", Service: "checkout", Objective: 0.99, Period: 28 * window.Day, Indicator: Indicator{Service: "checkout", Caller: "web", Good: DefaultGood(), Latency: 250 * time.Millisecond}}},
		{"pyrra with a namespace", pyrraFile, SLO{Name: "checkout-latency", Service: "checkout", Objective: 0.99, Period: 28 * window.Day, Indicator: Indicator{Service: "checkout", Caller: "web", Good: DefaultGood(), Latency: 250 * time.Millisecond}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lib, err := read(t, tc.text, Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := lib.SLOs[0]
			got := SLO{Name: s.Name, Service: s.Service, Objective: s.Objective, Period: s.Period, Indicator: s.Indicator}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if len(s.Rows) != 4 || s.Gate.MinFailures != 3 {
				t.Errorf("rows %v, gate %v", s.Rows, s.Gate)
			}
		})
	}
}

// TestNotMapped: what cannot be mapped is refused by name.
func TestNotMapped(t *testing.T) {
	const errors = "f.yaml:10: slos[0].sli.events.error_query: "
	for _, tc := range []struct{ name, base, old, new, want string }{
		{"another metric", slothFile, "istio_requests_total", "http_requests_total", errors + "names http_requests_total, which is no metric of Istio or Linkerd that names a service"},
		{"envoy", slothFile, "istio_requests_total", "envoy_cluster_upstream_rq", errors + "names envoy_cluster_upstream_rq, which is no metric of Istio or Linkerd that names a service"},
		{"a label", slothFile, `reporter="source",response`, `grpc_status="0",response`, errors + "has the label grpc_status, which cannot be mapped"},
		{"no service", slothFile, `destination_service_name="checkout",reporter="source",response_code`, `response_code`, errors + "names no service: istio_requests_total counts those of all"},
		{"a pattern", slothFile, `destination_service_name="checkout"`, `destination_service_name=~"check.*"`, errors + `matches destination_service_name=~"check.*", which cannot be mapped; only = can, and response_code=~"5.."`},
		{"a code", slothFile, `response_code=~"5.."`, `response_code="500"`, errors + `matches response_code="500", which cannot be mapped`},
		{"no failures", slothFile, `,response_code=~"5.."`, ``, errors + `counts errors without a matcher of failures, such as response_code=~"5.."`},
		{"other requests", slothFile, `destination_service_name="checkout"`, `destination_service_name="cart"`, errors + `counts other requests as errors than in all; only the matcher of failures may differ`},
		{"arithmetic", slothFile, "error_query: sum", "error_query: 1 - sum", errors + "is not a sum of the rate of one metric, which is what can be mapped"},
		{"an average", slothFile, "error_query: sum", "error_query: avg", errors + "is not a sum of the rate of one metric, which is what can be mapped"},
		{"raw", slothFile, "      events:", "      raw: {error_ratio_query: x}\n    labels: {a: b}\n    plugins: {}\n    x-events:", `f.yaml:12: slos[0].x-events: unknown field`},
		{"objective", slothFile, "objective: 99.9", "objective: 100", `f.yaml:5: slos[0].targetPercent: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"pyrra's target", pyrraFile, `"99"`, `most`, `f.yaml:5: spec.target: "most" is not a percentage such as "99.9"`},
		{"pyrra's window", pyrraFile, `4w`, `long`, `f.yaml:6: spec.window: "long" is not a duration such as 1h, 7d or 4w`},
		{"no le", pyrraFile, `,le="250"`, ``, `f.yaml:9: spec.indicator.latency.success.metric: has no le: which requests are in time`},
		{"le of three digits", pyrraFile, `le="250"`, `le="251"`, `f.yaml:9: spec.indicator.latency.success.metric: 251ms has more than two significant digits, so the count at or below it is not exact; 260ms is the next that is`},
		{"grouping", pyrraFile, "    latency:\n", "    latency:\n      grouping: [route]\n", `f.yaml:8: spec.indicator: has a grouping, which is not mapped; write one SLO for each service`},
		{"gauge", pyrraFile, "    latency:", "    bool_gauge: {}\n    x:", `f.yaml:9: spec.indicator.x: unknown field`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(tc.base, tc.old, tc.new, 1)
			if text == tc.base {
				t.Fatalf("%q is not in the file", tc.old)
			}
			_, err := read(t, text, Options{})
			first, _, _ := strings.Cut(errText(err), "\n")
			if diff := cmp.Diff(tc.want, first); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzSelection: no query crashes the mapping, and what is mapped names a
// service.
func FuzzSelection(f *testing.F) {
	f.Add(`sum(rate(istio_requests_total{destination_service_name="a",response_code=~"5.."}[5m]))`)
	f.Add(`response_latency_ms_bucket{deployment="a",le="1e300"}`)
	f.Fuzz(func(t *testing.T, query string) {
		s, err := selectionOf(query)
		if err == nil && (s.in.Service == "" || s.bound < 0) {
			t.Errorf("%q gives %+v", query, s)
		}
	})
}
