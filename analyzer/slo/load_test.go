package slo

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
	want := []*SLO{
		{
			Name: "checkout-fast", DisplayName: "Checkout answers in time",
			Description: "Shoppers get an answer within 300 ms.", Service: "checkout",
			Indicator: Indicator{"checkout", "shop", "pay", defaultGood(), 300 * time.Millisecond},
			Objective: 0.995, Period: h,
			Rows: []Row{{Page, 20 * s, 10 * s, 10}, {Ticket, 10 * m, m, 2}},
		},
		{
			Name: "plain", Service: "reviews", Indicator: Indicator{Service: "reviews", Good: defaultGood()},
			Objective: 0.999, Period: 30 * window.Day, Rows: burn.DefaultRows(30*window.Day, Grid, 0.001),
		},
		{
			Name: "no-overflow", Service: "reviews",
			Indicator: Indicator{Service: "reviews", Good: []record.Outcome{record.OutcomeOK, record.OutcomeClientError, record.OutcomeTimeout}},
			Objective: 0.9, Period: 30 * window.Day, Rows: burn.DefaultRows(30*window.Day, Grid, 0.1),
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
		{"alpha version", "openslo/v1", "openslo/v1alpha", `f.yaml:2: apiVersion: "openslo/v1alpha" is not supported; write openslo/v1`},
		{"other kind", "kind: SLO", "kind: AlertPolicy", `f.yaml:3: kind: "AlertPolicy" is not supported yet; only SLO is`},
		{"unknown field", "  displayName: C", "  displayname: C", `f.yaml:6: metadata.displayname: unknown field; did you mean "displayName"?`},
		{"unknown source field", "              route: pay\n              outcomes", "              path: /pay\n              outcomes", `f.yaml:27: ` + ratio + `.good.metricSource.spec.path: unknown field`},
		{"name", "checkout-fast", "Checkout_Fast", `f.yaml:5: metadata.name: "Checkout_Fast" is not a name: at most 63 of a-z, 0-9 and - (RFC 1123)`},
		{"no service", "  service: checkout\n  ind", "  ind", `f.yaml:14: spec.service: is missing: the service that owes the objective`},
		{"long description", "Shoppers get", strings.Repeat("x", 1050), `f.yaml:14: spec.description: has 1075 characters; at most 1050 are allowed`},
		{"timeslices", "Occurrences", "Timeslices", `f.yaml:40: spec.budgetingMethod: "Timeslices" is not supported yet; only Occurrences is`},
		{"no windows", "  timeWindow:\n    - duration: 1h\n      isRolling: true\n", "", `f.yaml:14: spec.timeWindow: needs exactly one window, has 0`},
		{"fixed window", "isRolling: true", "isRolling: false", `f.yaml:39: spec.timeWindow[0].isRolling: must be true: calendar windows are not supported yet`},
		{"calendar", "      isRolling: true", "      calendar: {startTime: \"2026-01-01 00:00:00\", timeZone: UTC}", `f.yaml:39: spec.timeWindow[0].calendar: is not supported yet; use a rolling window`},
		{"month", "duration: 1h", "duration: 1M", `f.yaml:38: spec.timeWindow[0].duration: unit "M" is not supported yet for a rolling window; write days or weeks`},
		{"indicatorRef", "  budgeting", "  indicatorRef: other\n  budgeting", `f.yaml:40: spec.indicatorRef: is not supported yet; write the indicator inline, as spec.indicator`},
		{"alert policies", "  budgeting", "  alertPolicies: [x]\n  budgeting", `f.yaml:40: spec.alertPolicies: is not supported yet; write burn-rate rows in the annotation plimsoll.dev/burn-rate`},
		{"indicator metadata", "  indicator:\n", "  indicator:\n    metadata: {name: x}\n", `f.yaml:17: spec.indicator.metadata: is not supported yet; leave it out of an inline indicator`},
		{"threshold", "      ratioMetric:", "      thresholdMetric: {}\n      ratioMetric:", `f.yaml:19: spec.indicator.spec.thresholdMetric: is not supported yet; use ratioMetric; a latency bound is good.metricSource.spec.latency`},
		{"bad", "        good:", "        bad: {}\n        good:", `f.yaml:21: ` + ratio + `.bad: is not supported yet; use good, with the outcomes that are not bad`},
		{"raw", "        good:", "        raw: {}\n        good:", `f.yaml:21: ` + ratio + `.raw: is not supported yet; use good and total`},
		{"rawType", "        good:", "        rawType: success\n        good:", `f.yaml:21: ` + ratio + `.rawType: is not supported yet; use good and total`},
		{"no counter", "counter: true", "counter: false", `f.yaml:20: ` + ratio + `.counter: must be true: requests are counted, not gauged`},
		{"total twice", "        good:", "        total:", `f.yaml:30: ` + ratio + `.total: key stands twice`},
		{"no good", good, "", `f.yaml:20: ` + ratio + `: needs counter: true, good and total`},
		{"no ratio", "      ratioMetric:\n", "      thing:\n", `f.yaml:19: spec.indicator.spec.thing: unknown field`},
		{"source ref of good", "        good:\n          metricSource:\n", "        good:\n          metricSource:\n            metricSourceRef: prom\n", `f.yaml:23: ` + ratio + `.good.metricSource.metricSourceRef: is not supported yet; write type: plimsoll`},
		{"source ref of total", "        total:\n          metricSource:\n", "        total:\n          metricSource:\n            metricSourceRef: prom\n", `f.yaml:32: ` + ratio + `.total.metricSource.metricSourceRef: is not supported yet; write type: plimsoll`},
		{"other source", "good:\n          metricSource:\n            type: plimsoll", "good:\n          metricSource:\n            type: prometheus", `f.yaml:23: ` + ratio + `.good.metricSource.type: "prometheus" is not supported; write plimsoll`},
		{"total of another service", "total:\n          metricSource:\n            type: plimsoll\n            spec:\n              service: checkout", "total:\n          metricSource:\n            type: plimsoll\n            spec:\n              service: cart", `f.yaml:34: ` + ratio + `.total.metricSource.spec.service: "cart" differs from "checkout" of good; both must count the same requests`},
		{"total of another route", "route: pay\n  timeWindow", "route: list\n  timeWindow", `f.yaml:36: ` + ratio + `.total.metricSource.spec.route: "list" differs from "pay" of good; both must count the same requests`},
		{"outcomes of total", "route: pay\n  timeWindow", "route: pay\n              outcomes: [ok]\n  timeWindow", `f.yaml:37: ` + ratio + `.total.metricSource.spec.outcomes: is not supported yet; total counts every outcome`},
		{"latency of total", "route: pay\n  timeWindow", "route: pay\n              latency: 1s\n  timeWindow", `f.yaml:37: ` + ratio + `.total.metricSource.spec.latency: is not supported; the bound belongs to good`},
		{"no outcomes", "[client_error, ok]", "[]", `f.yaml:28: ` + ratio + `.good.metricSource.spec.outcomes: is empty: no request would be good`},
		{"unknown outcome", "[client_error, ok]", "[ok, fine]", `f.yaml:28: ` + ratio + `.good.metricSource.spec.outcomes[1]: "fine" is not an outcome; known are ` + strings.Join(record.OutcomeNames(), ", ")},
		{"latency and outcomes", "[client_error, ok]", "[ok]", `f.yaml:28: ` + ratio + `.good.metricSource.spec.outcomes: with a latency bound only [ok, client_error] is supported yet: latency bins keep no finer split`},
		{"latency of three digits", "latency: 300ms", "latency: 333ms", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: 333ms has more than two significant digits, so the count at or below it is not exact; 340ms is the next that is`},
		{"latency without unit", "latency: 300ms", "latency: \"300\"", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: "300" is not a duration such as 250ms or 1.5s`},
		{"latency in nanoseconds", "latency: 300ms", "latency: 1500ns", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: 1500ns is not a whole number of microseconds under 71 minutes`},
		{"latency of hours", "latency: 300ms", "latency: 2h", `f.yaml:29: ` + ratio + `.good.metricSource.spec.latency: 2h is not a whole number of microseconds under 71 minutes`},
		{"no objective", objectives, "    []\n", `f.yaml:42: spec.objectives: needs exactly one objective, has 0; composite SLOs are not supported yet`},
		{"two objectives", objectives, "    - {target: 0.9}\n    - {target: 0.99}\n", `f.yaml:42: spec.objectives: needs exactly one objective, has 2; composite SLOs are not supported yet`},
		{"no target", objectives, "    - displayName: x\n", `f.yaml:42: spec.objectives[0]: needs either target or targetPercent`},
		{"two targets", objectives, "    - {target: 0.9, targetPercent: 90}\n", `f.yaml:42: spec.objectives[0]: needs either target or targetPercent`},
		{"target of all", objectives, "    - target: 1.0\n", `f.yaml:42: spec.objectives[0].target: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"target over all", "99.5", "995", `f.yaml:43: spec.objectives[0].targetPercent: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"target NaN", "99.5", ".nan", `f.yaml:43: spec.objectives[0].targetPercent: must lie between nothing and all, both excluded: a target of all leaves no budget`},
		{"long target", "99.5", "99.12345678912", `f.yaml:43: spec.objectives[0].targetPercent: has more than nine decimals`},
		{"op", objectives, "    - {op: lte, target: 0.9}\n", `f.yaml:42: spec.objectives[0].op: is not supported yet; OpenSLO forbids it for a ratio metric`},
		{"value", objectives, "    - {value: 3, target: 0.9}\n", `f.yaml:42: spec.objectives[0].value: is not supported yet; OpenSLO forbids it for a ratio metric`},
		{"slice target", objectives, "    - {timeSliceTarget: 0.9, target: 0.9}\n", `f.yaml:42: spec.objectives[0].timeSliceTarget: is not supported yet; use budgetingMethod Occurrences`},
		{"slice window", objectives, "    - {timeSliceWindow: 1m, target: 0.9}\n", `f.yaml:42: spec.objectives[0].timeSliceWindow: is not supported yet; use budgetingMethod Occurrences`},
		{"own indicator", objectives, "    - {indicator: {}, target: 0.9}\n", `f.yaml:42: spec.objectives[0].indicator: is not supported yet; write one SLO for each indicator`},
		{"own indicator ref", objectives, "    - {indicatorRef: a, target: 0.9}\n", `f.yaml:42: spec.objectives[0].indicatorRef: is not supported yet; write one SLO for each indicator`},
		{"weight", objectives, "    - {compositeWeight: 1, target: 0.9}\n", `f.yaml:42: spec.objectives[0].compositeWeight: is not supported yet; write one SLO for each indicator`},
		{"rows", "page 20s 10s 10", "page 20s 5s 10", `f.yaml:12: metadata.annotations.plimsoll.dev/burn-rate: row "page 20s 5s 10": short window 5s is under one bucket of 10s`},
		{"factor out of reach", "page 20s 10s 10", "page 20s 10s 200", `f.yaml:12: metadata.annotations.plimsoll.dev/burn-rate: row "page 20s 10s 200": factor 200 can never be exceeded: with this target a burn rate is at most 200`},
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

// TestUnsupportedAreKnownFields fails when a field is added to the list of
// unsupported ones without being read by the structs: it would be an unknown
// field instead.
func TestUnsupportedAreKnownFields(t *testing.T) {
	for _, u := range unsupported {
		text := "x"
		steps := strings.Split(strings.ReplaceAll(u.path, "[]", ".[]"), ".")
		for i := len(steps) - 1; i >= 0; i-- {
			if steps[i] == "[]" {
				text = "[" + text + "]"
			} else {
				text = "{" + steps[i] + ": " + text + "}"
			}
		}
		docs, err := yamlfile.Parse("f.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := docs[0].Decode(new(document)); err != nil {
			t.Errorf("%s: %v", u.path, err)
		}
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
		twice + `:5: metadata.name: an SLO named "plain" stands already at testdata/plain.yaml:2` + "\n" +
		twice + `:21: metadata.name: an SLO named "no-overflow" stands already at testdata/plain.yaml:18`
	if diff := cmp.Diff(want, strings.TrimPrefix(errText(err), ": ")); diff != "" {
		t.Error(diff)
	}
}
