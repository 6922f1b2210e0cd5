package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/timestamppb"

	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// TestYAMLHoldsWhatJSONHolds reads both formats of each command back.
func TestYAMLHoldsWhatJSONHolds(t *testing.T) {
	analyzerAt(t, fakes(), "operator")
	for _, line := range []string{
		"graph", "graph --service nothing", "slo list", "slo status quiet", "alerts list",
		"tune plan reviews ratings", "tune apply plan-1", "tune rollback", "tune history", "doctor",
	} {
		t.Run(line, func(t *testing.T) {
			var fromJSON, fromYAML any
			if err := json.Unmarshal([]byte(plimsoll(t.Context(), strings.Fields(line+" -o json")...).stdout), &fromJSON); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(plimsoll(t.Context(), strings.Fields(line+" -o yaml")...).stdout), &fromYAML); err != nil {
				t.Fatal(err)
			}
			// Numbers differ in their Go type only; JSON again makes them equal.
			text, err := json.Marshal(fromYAML)
			if err != nil {
				t.Fatal(err)
			}
			var normal any
			if err := json.Unmarshal(text, &normal); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fromJSON, normal); diff != "" {
				t.Errorf("YAML differs from JSON (-json +yaml):\n%s", diff)
			}
		})
	}
}

// TestFormatNeverChangesTheExitCode runs commands of every exit code in every
// format.
func TestFormatNeverChangesTheExitCode(t *testing.T) {
	analyzerAt(t, fakes(), "operator")
	for line, want := range map[string]int{
		"graph":                           exitOK,
		"graph --service nothing":         exitOK,
		"slo status nothing":              exitUsage,
		"tune plan web details":           exitNotEnough,
		"tune apply plan-refused":         exitFailure,
		"doctor --url http://127.0.0.1:1": exitUnavailable,
	} {
		for _, format := range formats() {
			if got := plimsoll(t.Context(), append(strings.Fields(line), "-o", format)...); got.code != want {
				t.Errorf("%s -o %s: exit code %d, want %d", line, format, got.code, want)
			}
		}
	}
}

// TestGraphJSONKeys lists the keys that scripts may rely on: none is ever
// renamed.
func TestGraphJSONKeys(t *testing.T) {
	analyzerAt(t, fakes(), "viewer")
	var answer struct {
		Window map[string]any
		Nodes  []map[string]any
		Edges  []map[string]any
	}
	if err := json.Unmarshal([]byte(plimsoll(t.Context(), "graph", "-o", "json").stdout), &answer); err != nil {
		t.Fatal(err)
	}
	has := func(object map[string]any, keys ...string) {
		t.Helper()
		for _, k := range keys {
			if _, ok := object[k]; !ok {
				t.Errorf("no key %q in %v", k, object)
			}
		}
	}
	has(answer.Window, "from", "to", "watermark")
	for _, n := range answer.Nodes {
		has(n, "id", "kind", "mesh", "cluster", "namespace", "workload", "service", "version")
	}
	for _, e := range answer.Edges {
		has(e, "src", "dst", "route", "protocol", "vantage", "unit", "requests", "arrivals", "attempts", "failures",
			"outcomes", "rate", "error_ratio", "latency_ms", "mtls", "completeness", "sources")
	}
	latency := answer.Edges[0]["latency_ms"].(map[string]any)
	for _, q := range []string{"p50", "p90", "p99"} {
		has(latency, q)
		has(latency[q].(map[string]any), "estimate", "low", "high")
	}
}

// TestNoteEnd shows what stderr says of where an answer ends: at most one line,
// and nothing where it ends before the watermark.
func TestNoteEnd(t *testing.T) {
	mark := noon(0).AsTime()
	ended := func(offset time.Duration) *typesv1.Window { return window(-time.Hour, offset) }
	for _, c := range []struct {
		name  string
		asked *timestamppb.Timestamp
		w     *typesv1.Window
		age   time.Duration // of the watermark
		want  string
	}{
		{"fresh", nil, ended(0), 7 * time.Second, ""},
		{"fresh, up to the limit", nil, ended(0), query.Live, ""},
		{"fresh, asked beyond", noon(time.Minute), ended(0), 7 * time.Second, "Rows are complete up to 2026-03-01T12:00:00Z only: the window ends there.\n"},
		{"fresh, asked up to it", noon(0), ended(0), 7 * time.Second, ""},
		{"still", nil, ended(0), 133 * time.Second, "Rows end at 2026-03-01T12:00:00Z, 2m13s ago, and no collector has brought newer ones: ask \"plimsoll doctor\".\n"},
		{"still, asked beyond", noon(time.Hour), ended(0), 31 * time.Second, "Rows end at 2026-03-01T12:00:00Z, 31s ago, and no collector has brought newer ones: ask \"plimsoll doctor\".\n"},
		{"still, but asked for the past", noon(-time.Minute), ended(-time.Minute), time.Hour, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stderr strings.Builder
			noteEnd(&printer{errOut: &stderr}, &graphv1.GetGraphRequest{To: c.asked}, c.w, mark.Add(c.age))
			if got := stderr.String(); got != c.want {
				t.Errorf("note %q, want %q", got, c.want)
			}
		})
	}
}

func TestShortNames(t *testing.T) {
	name := shortNames([]*graphv1.Node{
		{Id: "m/c/blue/web", Mesh: "m", Workload: "web"},
		{Id: "m/c/green/web", Mesh: "m", Workload: "web"},
		{Id: "m/c/blue/db", Mesh: "m", Workload: "db"},
		{Id: "m/c/blue/~cache", Mesh: "m", Service: "cache"},
		{Id: "unknown/blue"},
		{Id: "external/api.example.com", Service: "api.example.com"},
	})
	for id, want := range map[string]string{
		"m/c/blue/web":             "m/c/blue/web", // two of that name
		"m/c/green/web":            "m/c/green/web",
		"m/c/blue/db":              "db",
		"m/c/blue/~cache":          "~cache",
		"unknown/blue":             "unknown/blue",
		"external/api.example.com": "external/api.example.com",
		"not/listed":               "not/listed",
	} {
		if got := name(id); got != want {
			t.Errorf("short name of %s = %s, want %s", id, got, want)
		}
	}
}

func TestPlanCells(t *testing.T) {
	recommendations := plan("p", nil).Recommendations
	if got, want := verdictsCell(recommendations), "INSUFFICIENT=1,PROBE=1,RECOMMEND=1"; got != want {
		t.Errorf("verdicts %q, want %q", got, want)
	}
	if got, want := changesCell(recommendations), "per_try_timeout:250ms→900ms retries:3→1"; got != want {
		t.Errorf("changes %q, want %q", got, want)
	}
	if got := verdictsCell(nil) + changesCell(nil); got != "" {
		t.Errorf("a plan without recommendations shows %q", got)
	}
	edge := &typesv1.EdgeRef{Namespace: "n", SrcService: "a", DstService: "b", Route: "r\n"}
	if got, want := edgeText(edge), "a → b (n) route r "; got != want {
		t.Errorf("edge %q, want %q", got, want)
	}
}

func TestSufficient(t *testing.T) {
	insufficient := &tunev1.Recommendation{Verdict: "INSUFFICIENT"}
	for _, c := range []struct {
		recommendations []*tunev1.Recommendation
		want            int
	}{
		{nil, exitNotEnough},
		{[]*tunev1.Recommendation{insufficient, insufficient}, exitNotEnough},
		{[]*tunev1.Recommendation{insufficient, {Verdict: "KEEP"}}, exitOK},
		{[]*tunev1.Recommendation{{Verdict: "CONFLICT"}}, exitOK},
	} {
		if got := exitCode(sufficient(&tunev1.Plan{Recommendations: c.recommendations})); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.recommendations, got, c.want)
		}
	}
}
