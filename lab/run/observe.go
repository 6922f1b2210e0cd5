package run

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
)

// addSLOs asks for the objectives at the end of the run and of each phase.
func (a *assembler) addSLOs(ctx context.Context, r *report.Report) error {
	last, err := a.driver.api.slos(ctx, time.Time{})
	if err != nil {
		return err
	}
	r.SLOs = []report.SLO{}
	states := map[string]map[string]string{}
	for i, p := range a.opts.Scenario.Phases {
		_, until := a.driver.clock.window(i)
		then, err := a.driver.api.slos(ctx, until)
		if err != nil {
			return err
		}
		for _, s := range then {
			if states[s.GetName()] == nil {
				states[s.GetName()] = map[string]string{}
			}
			states[s.GetName()][p.Name] = s.GetState()
		}
	}
	for _, s := range last {
		r.SLOs = append(r.SLOs, report.SLO{
			Name: s.GetName(), SLI: s.Sli, Good: s.GetGood(), Total: s.GetTotal(),
			BudgetRemaining: s.BudgetRemaining, State: s.GetState(), Phases: states[s.GetName()],
		})
	}
	return nil
}

// addAlerts brings Plimsoll's account of its alerts and the receiver's together.
func (a *assembler) addAlerts(ctx context.Context, r *report.Report) error {
	r.Alerts = []report.Alert{}
	list, err := a.driver.api.alerts(ctx)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.GetFiredAt().AsTime().Before(a.driver.clock.zero()) {
			continue // of the first phase before it began again, or of another run
		}
		alert := report.Alert{
			SLO: x.GetSlo(), Severity: x.GetSeverity(), FiredAt: x.GetFiredAt().AsTime(), ResolvedAt: moment(x.GetResolvedAt()),
		}
		for _, d := range x.GetDeliveries() {
			if d.GetEvent() != "firing" {
				continue
			}
			alert.DeliveredAt, alert.Tries = moment(d.GetDeliveredAt()), d.GetTries()
			if m, ok := a.stack.hook.Find(d.GetId(), x.GetSlo(), "firing"); ok {
				alert.ReceivedAt = &m.ReceivedAt
			}
		}
		r.Alerts = append(r.Alerts, alert)
	}
	return nil
}

// addPlans lists every knob of every plan in the order in which they were made.
func (a *assembler) addPlans(_ context.Context, r *report.Report) error {
	r.Recommendations = []report.Recommendation{}
	for _, p := range a.driver.journal.plans {
		edge := p.plan.GetEdge()
		for _, x := range p.plan.GetRecommendations() {
			rec := report.Recommendation{
				Plan: p.plan.GetId(), Edge: edge.GetSrcService() + " → " + edge.GetDstService(), Knob: x.GetKnob(),
				Verdict: x.GetVerdict(), Provisional: x.GetProvisional(), From: x.GetFrom(), To: x.GetTo(),
				Reason: x.GetReason(), Evidence: evidence(x), PlannedAt: p.plan.GetCreatedAt().AsTime(),
			}
			if p.applied && (x.GetVerdict() == "RECOMMEND" || x.GetVerdict() == "PROBE") {
				rec.AppliedAt = moment(p.plan.GetAppliedAt())
			}
			r.Recommendations = append(r.Recommendations, rec)
		}
	}
	return nil
}

func evidence(x *tunev1.Recommendation) map[string]any {
	all := map[string]any{}
	for _, e := range x.GetEvidence() {
		all[e.GetName()] = map[string]any{"value": e.GetValue(), "unit": e.GetUnit(), "source": e.GetSource()}
	}
	return all
}

func moment(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return &at
}
