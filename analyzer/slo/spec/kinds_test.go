package spec

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/budget"
	"github.com/plimsoll-mesh/plimsoll/analyzer/slo/burn"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// objects are all kinds, each before what it refers to.
const objects = `apiVersion: openslo/v1
kind: SLO
metadata: {name: shop}
spec:
  service: shop
  timeWindow: [{duration: 1Q, isRolling: false, calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}}]
  budgetingMethod: Occurrences
  objectives:
    - {displayName: The cart!, target: 0.99, indicatorRef: cart}
    - {target: 0.9, compositeWeight: 3, indicatorRef: pay}
  alertPolicies:
    - {alertPolicyRef: fast}
    - kind: AlertPolicy
      metadata: {name: slow}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: slow}
            spec: {severity: ticket, condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 6h}}
        notificationTargets: [{targetRef: desk}]
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: cart}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: mesh, spec: {service: cart, caller: web, latency: 300ms}}}
    total: {metricSource: {metricSourceRef: mesh, spec: {service: cart, caller: web}}}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: pay}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {type: plimsoll, spec: {service: pay, method: POST, outcomes: [server_error, timeout]}}}
    total: {metricSource: {type: plimsoll, spec: {service: pay, method: POST, outcomes: [ok, server_error, timeout]}}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: mesh}
spec: {type: plimsoll}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop, displayName: The shop}
spec: {description: what people buy from}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: fast}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: pager}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h, alertAfter: 0m}}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: pager}
spec: {target: webhook}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: desk}
spec: {target: webhook}
---
apiVersion: plimsoll.dev/v1
kind: Exclusion
metadata: {name: night}
spec: {description: patches, firstEventStart: "2026-01-06 02:00:00", timeZone: Europe/Berlin, duration: 2h, rrule: FREQ=MONTHLY;BYDAY=1TU, services: [shop]}
`

func read(t *testing.T, text string, o Options) (*Library, error) {
	t.Helper()
	docs, err := yamlfile.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Read(docs, o)
}

func TestAllKinds(t *testing.T) {
	lib, err := read(t, objects, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.SLOs) != 1 || len(lib.Exclusions) != 1 || lib.Services["shop"] != "what people buy from" || lib.Warnings != nil {
		t.Fatalf("library = %+v", lib)
	}
	s := lib.SLOs[0]
	want := []Part{
		{"the-cart", Indicator{Service: "cart", Caller: "web", Good: DefaultGood(), Latency: 300 * time.Millisecond}, 0.99, 1},
		{"2", Indicator{Service: "pay", Method: "POST", Valid: []record.Outcome{record.OutcomeOK, record.OutcomeServerError, record.OutcomeTimeout}}, 0.9, 3},
	}
	for o := range record.OutcomeNames() {
		if v := record.Outcome(o); v != record.OutcomeServerError && v != record.OutcomeTimeout {
			want[1].Indicator.Good = append(want[1].Indicator.Good, v)
		}
	}
	if diff := cmp.Diff(want, s.Parts); diff != "" {
		t.Error(diff)
	}
	rows := []burn.Row{
		{Severity: burn.Page, Long: time.Hour, Short: 5 * time.Minute, Factor: 14.4},
		{Severity: burn.Ticket, Long: 6 * time.Hour, Short: 30 * time.Minute, Factor: 2},
	}
	if diff := cmp.Diff(rows, s.Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"pager", "desk"}, s.Targets); diff != "" {
		t.Error(diff)
	}
	if got := 1 / s.Beta(); got < 129.999 || got > 130.001 { // 1 ÷ 0.01 + 3 ÷ 0.1
		t.Errorf("1 ÷ beta = %v", got)
	}
	w, _ := s.Calendar.At(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	if got := w.From.UTC().Format(time.RFC3339); got != "2026-03-31T22:00:00Z" {
		t.Errorf("the second quarter begins at %s", got)
	}
	e := lib.Exclusions[0]
	if e.Duration != 2*time.Hour || e.Rule == nil || e.Start.UTC().Hour() != 1 || !e.Covers("x", "shop") || e.Covers("x", "y") {
		t.Errorf("exclusion = %+v", e)
	}
}

// TestRefusedKinds edits one place of the objects at a time.
func TestRefusedKinds(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"no such SLI", "indicatorRef: cart", "indicatorRef: card", `f.yaml:9: spec.objectives[0].indicatorRef: no SLI is named "card" in the files`},
		{"no indicator", ", indicatorRef: cart", "", `f.yaml:9: spec.objectives[0].indicator: is missing; write indicator or indicatorRef`},
		{"weight", "compositeWeight: 3", "compositeWeight: 0", `f.yaml:10: spec.objectives[1].compositeWeight: 0 is not above zero`},
		{"no such policy", "alertPolicyRef: fast", "alertPolicyRef: quick", `f.yaml:12: spec.alertPolicies[0].alertPolicyRef: no AlertPolicy is named "quick" in the files`},
		{"no such condition", "conditionRef: fast", "conditionRef: quick", `f.yaml:12: spec.alertPolicies[0]: no AlertCondition is named "quick" in the files`},
		{"no such target", "targetRef: desk", "targetRef: chair", `f.yaml:13: spec.alertPolicies[1]: no AlertNotificationTarget is named "chair" in the files`},
		{"factor", "threshold: 14.4", "threshold: 200", `f.yaml:12: spec.alertPolicies[0]: factor 200 can never be exceeded: with this target a burn rate is at most 130`},
		{"no data", "alertWhenBreaching: true", "alertWhenNoData: true", `f.yaml:54: spec.alertWhenNoData: is not supported: without data an alert keeps its state, and the SLO says why there is none; write false`},
		{"never", "alertWhenBreaching: true", "alertWhenBreaching: false", `f.yaml:54: spec.alertWhenBreaching: is false: the policy would never alert; write true, or leave the policy out`},
		{"two conditions", "[{conditionRef: fast}]", "[{conditionRef: fast}, {conditionRef: fast}]", `f.yaml:56: spec.conditions: needs exactly one condition, has 2`},
		{"severity", "severity: page", "severity: critical", `f.yaml:62: spec.severity: "critical" is neither page nor ticket`},
		{"condition kind", "kind: burnrate, op: gt, threshold: 14.4", "kind: budget, op: gt, threshold: 14.4", `f.yaml:62: spec.condition.kind: "budget" is not supported; write burnrate`},
		{"op", "op: gt, threshold: 14.4", "op: gte, threshold: 14.4", `f.yaml:62: spec.condition.op: gte is not supported; write gt`},
		{"op below", "op: gt, threshold: 14.4", "op: lt, threshold: 14.4", `f.yaml:62: spec.condition.op: "lt" is not supported; write gt: an alert fires above its threshold`},
		{"after", "alertAfter: 0m", "alertAfter: 5m", `f.yaml:62: spec.condition.alertAfter: is not supported; write 0m: a second, short window takes its place`},
		{"lookback", "lookbackWindow: 1h", "lookbackWindow: 1M", `f.yaml:62: spec.condition.lookbackWindow: 1M has no fixed length; write days or weeks`},
		{"lookback text", "lookbackWindow: 1h", "lookbackWindow: soon", `f.yaml:62: spec.condition.lookbackWindow: "soon" is not a duration such as 1h, 7d or 4w`},
		{"target", "{target: webhook}", "{description: x}", `f.yaml:67: spec.target: is missing: what kind of target it is, such as webhook`},
		{"data source", "spec: {type: plimsoll}", "spec: {type: prometheus}", `f.yaml:43: spec.type: "prometheus" is not supported; write plimsoll`},
		{"connection", "spec: {type: plimsoll}", "spec: {type: plimsoll, connectionDetails: {url: x}}", `f.yaml:43: spec.connectionDetails: is not read: the analyzer's configuration names the store`},
		{"display name", "displayName: The shop", "displayName: " + strings.Repeat("x", 64), `f.yaml:47: metadata.displayName: has 64 characters; at most 63 are allowed`},
		{"bad without outcomes", ", outcomes: [server_error, timeout]", "", `f.yaml:37: spec.ratioMetric.bad.metricSource.spec.outcomes: is missing: which requests are bad`},
		{"bad with latency", "outcomes: [server_error, timeout]", "latency: 1s, outcomes: [server_error, timeout]", `f.yaml:37: spec.ratioMetric.bad.metricSource.spec.latency: is not supported in bad; write the bound into good`},
		{"method and latency", "caller: web, latency: 300ms", "caller: web, method: GET, latency: 300ms", `f.yaml:29: spec.ratioMetric.total.metricSource.spec.method: "" differs from "GET" of good; both must count the same requests`},
		{"exclusion reason", "description: patches, ", "", `f.yaml:77: spec.description: is missing: why the time does not count`},
		{"exclusion length", "duration: 2h", "duration: 1000h", `f.yaml:77: spec.duration: 1000h0m0s is not above zero and at most 31 days`},
		{"exclusion rule", "BYDAY=1TU", "BYDAY=9TU", `f.yaml:77: spec.rrule: BYDAY=9TU is not a weekday such as MO, 1MO or -1SU`},
		{"exclusion zone", "timeZone: Europe/Berlin, d", "timeZone: Moon, d", `f.yaml:77: spec.timeZone: "Moon" is not a time zone of the IANA database such as Europe/Berlin or UTC`},
		{"exclusion start", "2026-01-06 02:00:00", "tuesday", `f.yaml:77: spec.firstEventStart: "tuesday" is not a time such as 2026-01-01 02:00:00`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(objects, tc.old, tc.new, 1)
			if text == objects {
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

// slips is what OpenSLO's own examples get wrong.
const slips = `apiVersion: openslo/v1
kind: SLO
metadata: {name: slips, displayname: x}
spec:
  service: shop
  indicator: {spec: {ratioMetric: {good: {metricSource: {type: plimsoll, spec: {service: shop}}}, total: {metricSource: {type: plimsoll, spec: {service: shop}}}}}}
  timeWindow: [{duration: 1M}]
  budgetingMethod: Occurrences
  objectives: [{op: lte, value: 1, target: 0.99}]
`

func TestLenient(t *testing.T) {
	if _, err := read(t, slips, Options{}); err == nil {
		t.Error("slips are read strictly")
	}
	lib, err := read(t, slips, Options{Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range lib.Warnings {
		got = append(got, w.String())
	}
	want := []string{
		`f.yaml:3: metadata.displayname: unknown field; did you mean "displayName"? [unknown-field]`,
		`f.yaml:7: spec.timeWindow[0].isRolling: is missing; write true, or a calendar [rolling-missing]`,
		`f.yaml:7: spec.timeWindow[0].duration: a rolling window of 1M has no fixed length; write 30d [month-as-30-days]`,
		`f.yaml:6: spec.indicator.spec.ratioMetric.counter: is missing; write true: requests are counted [counter-missing]`,
		`f.yaml:9: spec.objectives[0].op: is not read; OpenSLO forbids it for a ratio metric [op-on-ratio]`,
		`f.yaml:9: spec.objectives[0].value: is not read; OpenSLO forbids it for a ratio metric [value-on-ratio]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := lib.SLOs[0]; s.Period != 30*24*time.Hour || len(s.Rows) != 4 {
		t.Errorf("slo = %+v", s)
	}
}

func TestSeveralObjectives(t *testing.T) {
	text := strings.Replace(slips, "[{op: lte, value: 1, target: 0.99}]", "[{displayName: Most Days, target: 0.99}, {target: 0.999}]", 1)
	lib, err := read(t, text, Options{Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.SLOs) != 2 || lib.SLOs[0].Name != "slips-most-days" || lib.SLOs[1].Name != "slips-2" || lib.SLOs[1].Objective != 0.999 {
		t.Errorf("slos = %+v", lib.SLOs)
	}
}

func TestSlices(t *testing.T) {
	text := strings.NewReplacer("Occurrences", "Timeslices", "1M}", "28d}", "op: lte, value: 1, target: 0.99", "target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5m").Replace(slips)
	lib, err := read(t, text, Options{Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	s := lib.SLOs[0]
	if s.Slice != 5*time.Minute || s.Bucket() != s.Slice || s.Slicing != (budget.Slicing{Method: budget.Timeslices, Target: 0.95}) {
		t.Errorf("slices = %+v of %s", s.Slicing, s.Slice)
	}
	for _, r := range s.Rows {
		if r.Short < 2*s.Slice || r.Long%s.Slice != 0 {
			t.Errorf("row %+v does not fit slices", r)
		}
	}
	for old, want := range map[string]string{
		"timeSliceWindow: 7m|timeSliceWindow: 5m":    "7m does not divide a day",
		"timeSliceWindow: 2d|timeSliceWindow: 5m":    "2d does not divide a day",
		"timeSliceTarget: 1.5|timeSliceTarget: 0.95": "1.5 is not above 0 and at most 1",
		"duration: 90d|duration: 28d":                "slices are not supported over a period of more than 40 days: minute rollups are kept that long",
		"RatioTimeslices|Timeslices":                 "needs budgetingMethod Timeslices: of RatioTimeslices the ratio itself counts",
		"timeSliceWindow: fast|timeSliceWindow: 5m":  `"fast" is not a duration such as 1h, 7d or 4w`,
	} {
		to, from, _ := strings.Cut(old, "|")
		_, err := read(t, strings.Replace(text, from, to, 1), Options{Lenient: true})
		if !strings.HasSuffix(errText(err), want) {
			t.Errorf("%s: %v, want %s", to, err, want)
		}
	}
}
