package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
)

func (t *tuneCommand) printPlan(answer *tunev1.PlanResponse) error {
	p := answer.GetPlan()
	if t.forPeople() {
		t.note("Plan %s for %s.", p.GetId(), edgeText(p.GetEdge()))
		noteWindow(t.printer, "Healthy", p.GetHealthy())
		noteWindow(t.printer, "Stressed", p.GetStressed())
	}
	return t.print(result{
		message: answer,
		names:   []string{p.GetId()},
		tables:  []table{verdictTable(p.GetRecommendations()), evidenceTable(p.GetRecommendations())},
	})
}

func noteWindow(p *printer, name string, w *typesv1.Window) {
	if w != nil {
		p.note("%s: %s.", name, windowText(w))
	}
}

func verdictTable(recommendations []*tunev1.Recommendation) table {
	t := table{columns: []column{
		textColumn("KNOB"), textColumn("VERDICT"), textColumn("FROM"), textColumn("TO"), textColumn("REASON"),
	}}
	for _, r := range recommendations {
		verdict := r.Verdict
		if r.Provisional {
			verdict += " (provisional)"
		}
		t.add(r.Knob, verdict, clean(r.From), clean(r.To), clean(r.Reason))
	}
	return t
}

func evidenceTable(recommendations []*tunev1.Recommendation) table {
	t := table{columns: []column{
		textColumn("KNOB"), textColumn("EVIDENCE"), numberColumn("VALUE"), textColumn("UNIT"), textColumn("SOURCE"),
	}}
	for _, r := range recommendations {
		for _, e := range r.Evidence {
			t.add(r.Knob, clean(e.Name), fmt.Sprintf("%.6g", e.Value), e.Unit, clean(e.Source))
		}
	}
	return t
}

// printChanges prints how each proxy took a change; one that did not take it
// makes the command fail after all are printed.
func (t *tuneCommand) printChanges(r result, answer *meshv1.ApplyTrafficPolicyResponse) error {
	changes := table{columns: []column{
		textColumn("PROXY"), numberColumn("RUNTIME_LIVE_MS"), numberColumn("ROUTES_LIVE_MS"), textColumn("ERROR"),
	}}
	var without []string
	for _, c := range answer.GetChanges() {
		r.names = append(r.names, c.Proxy)
		changes.add(clean(c.Proxy), millisecondsCell(c.RuntimeLiveAfter), millisecondsCell(c.RoutesLiveAfter), clean(c.Error))
		if c.Error != "" {
			without = append(without, c.Proxy)
		}
	}
	r.tables, r.empty = []table{changes}, "No proxy was changed."
	if err := t.print(r); err != nil {
		return err
	}
	if len(without) > 0 {
		return fmt.Errorf("%d of %d proxies did not take the change: %s", len(without), len(r.names), strings.Join(without, ", "))
	}
	return nil
}

func planTable(plans []*tunev1.Plan) table {
	t := table{columns: []column{
		textColumn("PLAN"), textColumn("EDGE"), textColumn("CREATED_AT"), textColumn("APPLIED_AT"), textColumn("ROLLED_BACK_AT"),
		textColumn("VERDICTS"), textColumn("CHANGES").onlyWide(),
	}}
	for _, p := range plans {
		t.add(clean(p.Id), edgeText(p.Edge), timeCell(p.CreatedAt), timeCell(p.AppliedAt), timeCell(p.RolledBackAt),
			verdictsCell(p.Recommendations), changesCell(p.Recommendations))
	}
	return t
}

// verdictsCell counts verdicts, in alphabetical order.
func verdictsCell(recommendations []*tunev1.Recommendation) string {
	counts := map[string]int{}
	for _, r := range recommendations {
		counts[r.Verdict]++
	}
	var parts []string
	for _, verdict := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s=%d", verdict, counts[verdict]))
	}
	return strings.Join(parts, ",")
}

// changesCell lists what the plan would change.
func changesCell(recommendations []*tunev1.Recommendation) string {
	var parts []string
	for _, r := range recommendations {
		if r.Verdict == "RECOMMEND" || r.Verdict == "PROBE" {
			parts = append(parts, fmt.Sprintf("%s:%s→%s", r.Knob, firstOf(r.From, "-"), firstOf(r.To, "-")))
		}
	}
	return clean(strings.Join(parts, " "))
}

// edgeText writes "reviews → ratings (default)", and the route where it names one.
func edgeText(e *typesv1.EdgeRef) string {
	text := fmt.Sprintf("%s → %s (%s)", e.GetSrcService(), e.GetDstService(), e.GetNamespace())
	if e.GetRoute() != "" {
		text += " route " + e.GetRoute()
	}
	return clean(text)
}

func millisecondsCell(d *durationpb.Duration) string {
	if d == nil {
		return ""
	}
	return decimalCell(float64(d.AsDuration())/float64(time.Millisecond), 1)
}
