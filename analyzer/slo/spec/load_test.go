package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/window"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/record"
)

func TestLoad(t *testing.T) {
	got, err := Load([]string{"testdata/checkout.yaml", "testdata/plain.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	good := DefaultGood()
	want := []*SLO{
		{
			Name: "checkout-fast", DisplayName: "Checkout answers in time",
			Description: "Shoppers get an answer within 300 ms.", Service: "checkout",
			Indicator: Indicator{Service: "checkout", Namespace: "shop", Route: "pay", Good: good, Latency: 300 * time.Millisecond},
			Objective: 0.995, Period: time.Hour, Gate: burn.DefaultGate, Origin: "testdata/checkout.yaml:2",
			Rows: []burn.Row{
				{Severity: burn.Page, Long: 20 * time.Second, Short: 10 * time.Second, Factor: 10},
				{Severity: burn.Ticket, Long: 10 * time.Minute, Short: time.Minute, Factor: 2},
			},
		},
		{
			Name: "plain", Service: "reviews", Indicator: Indicator{Service: "reviews", Good: good}, Origin: "testdata/plain.yaml:2",
			Objective: 0.999, Period: 30 * window.Day, Gate: burn.DefaultGate, Rows: burn.DefaultRows(30*window.Day, window.Grid, 0.001),
		},
		{
			Name: "no-overflow", Service: "reviews", Origin: "testdata/plain.yaml:18",
			Indicator: Indicator{Service: "reviews", Good: []record.Outcome{record.OutcomeOK, record.OutcomeClientError, record.OutcomeTimeout}},
			Objective: 0.9, Period: 30 * window.Day, Gate: burn.DefaultGate, Rows: burn.DefaultRows(30*window.Day, window.Grid, 0.1),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRefused edits one place of checkout.yaml at a time and holds the exact
// text that a person sees.
func TestRefused(t *testing.T) {
	base, err := os.ReadFile("testdata/checkout.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const (
		objectives = "    - displayName: most\n      targetPercent: 99.5\n"
		good       = "        good:\n          metricSource:\n            type: plimsoll\n            spec:\n              service: checkout\n              namespace: shop\n              route: pay\n              outcomes: [client_error, ok]\n              latency: 300ms\n"
		ratio      = "spec.indicator.spec.ratioMetric"
	)
	for _, tc := range []struct{ name, old, new, want string }{
		{"unknown field", "  displayName: C", "  displayname: C", `f.yaml:6: metadata.displayname: unknown field; did you mean "displayName"?`},
		{"unknown source field", "              route: pay\n              outcomes", "              path: /pay\n              outcomes", `f.yaml:27: ` + ratio + `.good.metricSource.spec.path: unknown field`},
		{"name", "checkout-fast", "Checkout_Fast", `f.yaml:5: metadata.name: "Checkout_Fast" is not a name: at most 63 of a-z, 0-9 and - (RFC 1123)`},
		{"no service", "  service: checkout\n  ind", "  ind", `f.yaml:14: spec.service: is missing: the service that owes the objective`},
		{"long description", "Shoppers get", strings.Repeat("x", 1050), `f.yaml:14: spec.description: has 1075 characters; at most 1050 are allowed`},
		{"no windows", "  timeWindow:\n    - duration: 1h\n      isRolling: true\n", "", `f.yaml:14: spec.timeWindow: needs exactly one window, has 0`},
		{"no counter", "counter: true", "counter: false", `f.yaml:20: ` + ratio + `.counter: must be true: requests are counted, not gauged`},
		{"total twice", "        good:", "        total:", `f.yaml:30: ` + ratio + `.total: key stands twice`},
		{"no ratio", "      ratioMetric:\n", "      thing:\n", `f.yaml:19: spec.indicator.spec.thing: unknown field`},
		{"other source", "good:\n          metricSource:\n            type: plimsoll", "good:\n          metricSource:\n            type: prometheus", `f.yaml:23: ` + ratio + `.good.metricSource.type: "prometheus" is not supported; write plimsoll`},
		{"total of another service", "total:\n          metricSource:\n            type: plimsoll\n            spec:\n              service: checkout", "total:\n          metricSource:\n            type: plimsoll\n            spec:\n              service: cart", `f.yaml:34: ` + ratio + `.total.metricSource.spec.service: "cart" differs from "checkout" of good; both must count the same requests`},
		{"total of another route", "route: pay\n  timeWindow", "route: list\n  timeWindow", `f.yaml:36: ` + ratio + `.total.metricSource.spec.route: "list" differs from "pay" of good; both must count the same requests`},
		{"unknown outcome", "[client_error, ok]", "[ok, fine]", `f.yaml:28: ` + ratio + `.good.metricSource.spec.outcomes[1]: "fine" is not an outcome; known are ` + strings.Join(record.OutcomeNames(), ", ")},
		{"latency of three digits", "latency: 300ms", "latency: 333ms", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: 333ms has more than two significant digits, so the count at or below it is not exact; 340ms is the next that is`},
		{"latency without unit", "latency: 300ms", "latency: \"300\"", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: "300" is not a duration such as 250ms or 1.5s`},
		{"latency in nanoseconds", "latency: 300ms", "latency: 1500ns", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: 1500ns is not a whole number of microseconds under 71 minutes`},
		{"latency of hours", "latency: 300ms", "latency: 2h", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: 2h is not a whole number of microseconds under 71 minutes`},
		{"no target", objectives, "    - displayName: x\n", `f.yaml:42: spec.objectives[0]: needs either target or targetPercent`},
		{"two targets", objectives, "    - {target: 0.9, targetPercent: 90}\n", `f.yaml:42: spec.objectives[0]: needs either target or targetPercent`},
		{"target of all", objectives, "    - target: 1.0\n", `f.yaml:42: spec.objectives[0].target: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"target over all", "99.5", "995", `f.yaml:43: spec.objectives[0].targetPercent: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"target NaN", "99.5", ".nan", `f.yaml:43: spec.objectives[0].targetPercent: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"long target", "99.5", "99.12345678912", `f.yaml:43: spec.objectives[0].targetPercent: has more than nine decimals`},
		{"rows", "page 20s 10s 10", "page 20s 5s 10", `f.yaml:12: metadata.annotations.plimsoll.dev/burn-rate: row "page 20s 5s 10": short window 5s is under one bucket of 10s`},
		{"factor out of reach", "page 20s 10s 10", "page 20s 10s 200", `f.yaml:12: metadata.annotations.plimsoll.dev/burn-rate: row "page 20s 10s 200": factor 200 can never be exceeded: with this target a burn rate is at most 200`},
		{"alpha version", "openslo/v1", "openslo/v1alpha", `f.yaml:2: apiVersion: "openslo/v1alpha" with kind "SLO" is not supported; write openslo/v1, plimsoll.dev/v1 Exclusion, or a spec of Sloth or Pyrra`},
		{"other kind", "kind: SLO", "kind: Report", `f.yaml:3: kind: "Report" is not a kind of openslo/v1; it has SLO, SLI, Service, DataSource, AlertPolicy, AlertCondition and AlertNotificationTarget`},
		{"method", "Occurrences", "Average", `f.yaml:40: spec.budgetingMethod: "Average" is not supported; write Occurrences, Timeslices or RatioTimeslices`},
		{"slice target missing", "Occurrences", "Timeslices", `f.yaml:42: spec.objectives[0].timeSliceTarget: is missing: the least ratio of a good slice`},
		{"slice window missing", "Occurrences", "RatioTimeslices", `f.yaml:42: spec.objectives[0].timeSliceWindow: is missing: the width of a slice, such as 1m`},
		{"fixed window", "isRolling: true", "isRolling: false", `f.yaml:39: spec.timeWindow[0].isRolling: is false and there is no calendar; write true, or a calendar`},
		{"rolling missing", "      isRolling: true\n", "", `f.yaml:38: spec.timeWindow[0].isRolling: is missing; write true, or a calendar`},
		{"rolling calendar", "isRolling: true", "isRolling: true\n      calendar: {startTime: \"2026-01-01 00:00:00\", timeZone: UTC}", `f.yaml:39: spec.timeWindow[0].isRolling: is true beside a calendar; write false`},
		{"zone", "isRolling: true", "calendar: {startTime: \"2026-01-01 00:00:00\", timeZone: Mars/Base}", `f.yaml:39: spec.timeWindow[0].calendar.timeZone: "Mars/Base" is not a time zone of the IANA database such as Europe/Berlin or UTC`},
		{"no zone", "isRolling: true", "calendar: {startTime: \"2026-01-01 00:00:00\"}", `f.yaml:39: spec.timeWindow[0].calendar.timeZone: "" is not a time zone of the IANA database such as Europe/Berlin or UTC`},
		{"start time", "isRolling: true", "calendar: {startTime: 2026-01-01, timeZone: UTC}", `f.yaml:39: spec.timeWindow[0].calendar.startTime: "2026-01-01" is not a time such as 2026-01-01 00:00:00`},
		{"start with seconds", "isRolling: true", "calendar: {startTime: \"2026-01-01 00:00:01\", timeZone: UTC}", `f.yaml:39: spec.timeWindow[0].calendar.startTime: must be a whole minute`},
		{"month", "duration: 1h", "duration: 1M", `f.yaml:38: spec.timeWindow[0].duration: a rolling window of 1M has no fixed length; write 30d`},
		{"duration", "duration: 1h", "duration: 1 hour", `f.yaml:38: spec.timeWindow[0].duration: "1 hour" is not a duration such as 1h, 7d or 4w`},
		{"indicatorRef beside indicator", "  budgeting", "  indicatorRef: other\n  budgeting", `f.yaml:40: spec.indicatorRef: stands beside indicator; write one of them`},
		{"policy beside rows", "  budgeting", "  alertPolicies: [{alertPolicyRef: x}]\n  budgeting", `f.yaml:12: metadata.annotations.plimsoll.dev/burn-rate: stands beside spec.alertPolicies; write one of them`},
		{"threshold", "      ratioMetric:", "      thresholdMetric: {}\n      ratioMetric:", `f.yaml:19: spec.indicator.spec.thresholdMetric: is not supported; use ratioMetric: that the p99 is at most 300ms is a target of 99 % with good.metricSource.spec.latency: 300ms`},
		{"good and bad", "        good:", "        bad: {}\n        good:", `f.yaml:20: ` + ratio + `: needs total and either good or bad`},
		{"raw", "        good:", "        raw: {}\n        good:", `f.yaml:21: ` + ratio + `.raw: is not supported: a ratio that is computed already cannot be added up; use good and total`},
		{"rawType", "        good:", "        rawType: success\n        good:", `f.yaml:20: ` + ratio + `.raw: is not supported: a ratio that is computed already cannot be added up; use good and total`},
		{"no good", good, "", `f.yaml:20: ` + ratio + `: needs total and either good or bad`},
		{"counter missing", "        counter: true\n", "", `f.yaml:20: ` + ratio + `.counter: is missing; write true: requests are counted`},
		{"source ref beside type", "        good:\n          metricSource:\n", "        good:\n          metricSource:\n            metricSourceRef: prom\n", `f.yaml:23: ` + ratio + `.good.metricSource.metricSourceRef: stands beside type; write one of them`},
		{"unknown source ref", "        total:\n          metricSource:\n            type: plimsoll\n", "        total:\n          metricSource:\n            metricSourceRef: prom\n", `f.yaml:32: ` + ratio + `.total.metricSource.metricSourceRef: no DataSource is named "prom" in the files`},
		{"latency of total", "route: pay\n  timeWindow", "route: pay\n              latency: 1s\n  timeWindow", `f.yaml:37: ` + ratio + `.total.metricSource.spec.latency: is not supported; the bound belongs to good or bad`},
		{"outcomes of total", "route: pay\n  timeWindow", "route: pay\n              outcomes: [ok]\n  timeWindow", `f.yaml:37: ` + ratio + `.total.metricSource.spec.outcomes: is not supported with a latency bound: latency bins keep no finer split`},
		{"another caller", "              route: pay\n              outcomes", "              route: pay\n              caller: web\n              outcomes", `f.yaml:35: ` + ratio + `.total.metricSource.spec.caller: "" differs from "web" of good; both must count the same requests`},
		{"another method", "              route: pay\n              outcomes", "              route: pay\n              method: GET\n              outcomes", `f.yaml:35: ` + ratio + `.total.metricSource.spec.method: "" differs from "GET" of good; both must count the same requests`},
		{"no outcomes", "[client_error, ok]", "[]", `f.yaml:28: ` + ratio + `.good.metricSource.spec.outcomes: is empty: no request would count`},
		{"latency and outcomes", "[client_error, ok]", "[ok]", `f.yaml:28: ` + ratio + `.good.metricSource.spec.outcomes: with a latency bound only [ok, client_error] is supported: latency bins keep no finer split`},
		{"no objective", objectives, "    []\n", `f.yaml:42: spec.objectives: needs an objective`},
		{"op", objectives, "    - {op: lte, target: 0.9}\n", `f.yaml:42: spec.objectives[0].op: is not read; OpenSLO forbids it for a ratio metric`},
		{"value", objectives, "    - {value: 3, target: 0.9}\n", `f.yaml:42: spec.objectives[0].value: is not read; OpenSLO forbids it for a ratio metric`},
		{"slice target", objectives, "    - {timeSliceTarget: 0.9, target: 0.9}\n", `f.yaml:42: spec.objectives[0].timeSliceTarget: needs budgetingMethod Timeslices`},
		{"slice window", objectives, "    - {timeSliceWindow: 1m, target: 0.9}\n", `f.yaml:42: spec.objectives[0].timeSliceWindow: needs budgetingMethod Timeslices or RatioTimeslices`},
		{"indicator twice", objectives, "    - {indicator: {}, target: 0.9}\n", `f.yaml:17: spec.indicator: stands beside indicators of objectives; write one of them`},
		{"weight", objectives, "    - {compositeWeight: 1, target: 0.9}\n", `f.yaml:42: spec.objectives[0].compositeWeight: needs an indicator of its own; a weight is for the parts of a composite`},
		{"min failures", "plimsoll.dev/burn-rate: \"page", "plimsoll.dev/min-failures: few\n    plimsoll.dev/burn-rate: \"page", `f.yaml:12: metadata.annotations.plimsoll.dev/min-failures: "few" is not a number of failures such as 3; 0 switches the low-traffic gate off`},
		{"quiet slices", "plimsoll.dev/burn-rate: \"page", "plimsoll.dev/quiet-slices: good\n    plimsoll.dev/burn-rate: \"page", `f.yaml:12: metadata.annotations.plimsoll.dev/quiet-slices: needs budgetingMethod Timeslices or RatioTimeslices`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(string(base), tc.old, tc.new, 1)
			if text == string(base) {
				t.Fatalf("%q is not in the file", tc.old)
			}
			docs, err := yamlfile.Parse("f.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			slos, err := Parse(docs)
			if slos != nil {
				t.Errorf("got %d SLOs with an error", len(slos))
			}
			first, _, _ := strings.Cut(errText(err), "\n")
			if diff := cmp.Diff(tc.want, first); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadReportsEverything(t *testing.T) {
	dir := t.TempDir()
	twice := filepath.Join(dir, "twice.yaml")
	plain, err := os.ReadFile("testdata/plain.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(twice, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.yaml")
	_, err = Load([]string{"testdata/plain.yaml", missing, twice})
	want := "reading configuration: open " + missing + ": no such file or directory\n" +
		twice + `:5: metadata.name: the SLO "plain" stands already at testdata/plain.yaml:2` + "\n" +
		twice + `:21: metadata.name: the SLO "no-overflow" stands already at testdata/plain.yaml:18`
	if diff := cmp.Diff(want, strings.TrimPrefix(errText(err), ": ")); diff != "" {
		t.Error(diff)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
