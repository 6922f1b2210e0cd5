package run

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/plimsoll-mesh/plimsoll/api/apijson"
	graphv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/expect"
	"github.com/plimsoll-mesh/plimsoll/lab/load"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

// assembler turns a finished run into its report.
type assembler struct {
	*lab
	driver    *driver
	drive     *drive
	usage     usage
	firstEdge time.Duration

	account truth.Account
	graphs  []*graphv1.GetGraphResponse // one a phase
}

// settleTimeout bounds the wait for the last rows.
const settleTimeout = time.Minute

// settle waits until all that happened is stored: in the phases, and after them.
func (a *assembler) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	return a.driver.api.awaitWatermark(ctx, time.Now())
}

func (a *assembler) report(ctx context.Context) (*report.Report, error) {
	a.account = a.driver.ledger.Snapshot()
	for i := range a.opts.Scenario.Phases {
		from, until := a.driver.clock.window(i)
		g, err := a.driver.api.edges(ctx, from, until)
		if err != nil {
			return nil, err
		}
		a.graphs = append(a.graphs, g)
	}
	s := a.opts.Scenario
	r := &report.Report{
		Scenario: s.Name, Seed: s.Seed, StartedAt: a.driver.clock.zero(), DurationS: s.Duration.D().Seconds(),
		Truth:    report.Edges{Edges: a.truthEdges()},
		Observed: report.Edges{Edges: a.observedEdges()},
		Machine:  a.machine(),
		Events:   a.driver.journal.events,
		Series:   a.series(),
		Compare:  a.comparisons(),
	}
	r.Phases = a.phases(r.Truth.Edges)
	for _, step := range []func(context.Context, *report.Report) error{
		a.addGraph, a.addTelemetry, a.addSLOs, a.addAlerts, a.addWitness, a.addPlans, a.addVersions, a.judge,
	} {
		if err := step(ctx, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (a *assembler) truthEdges() []report.Edge {
	var list []report.Edge
	for _, e := range a.account.Edges {
		if e.Phase == "" {
			continue
		}
		list = append(list, report.Edge{
			Phase: e.Phase, Src: e.Src, Dst: e.Dst, Route: e.Route,
			Requests: e.Requests, Failures: e.Failures, Attempts: e.Attempts,
			P50Ms: quantileMs(e.Latencies, 0.5), P90Ms: quantileMs(e.Latencies, 0.9), P99Ms: quantileMs(e.Latencies, 0.99),
		})
	}
	return a.inPhaseOrder(list)
}

func (a *assembler) observedEdges() []report.Edge {
	var list []report.Edge
	for i, g := range a.graphs {
		for _, e := range g.GetEdges() {
			q := e.GetLatencyMs()
			list = append(list, report.Edge{
				Phase: a.opts.Scenario.Phases[i].Name, Src: e.GetSrc(), Dst: e.GetDst(), Route: e.GetRoute(),
				Requests: e.GetRequests(), Failures: e.GetFailures(), Attempts: e.GetAttempts(), Outcomes: e.GetOutcomes(),
				P50Ms: estimate(q.GetP50()), P90Ms: estimate(q.GetP90()), P99Ms: estimate(q.GetP99()),
			})
		}
	}
	return list
}

func estimate(f *typesv1.Figure) *float64 {
	if f == nil {
		return nil
	}
	v := f.GetEstimate()
	return &v
}

// inPhaseOrder sorts edges by the order of the phases, keeping their order
// within one.
func (a *assembler) inPhaseOrder(list []report.Edge) []report.Edge {
	order := map[string]int{}
	for i, p := range a.opts.Scenario.Phases {
		order[p.Name] = i
	}
	slices.SortStableFunc(list, func(x, y report.Edge) int { return order[x.Phase] - order[y.Phase] })
	return list
}

func quantileMs(sortedUS []int64, q float64) *float64 {
	if len(sortedUS) == 0 {
		return nil
	}
	v := float64(load.Quantile(sortedUS, q)) / 1000
	return &v
}

func (a *assembler) machine() report.Machine {
	worst := a.drive.meter.Worst(0, a.opts.Scenario.Duration.D())
	return report.Machine{
		Cores: runtime.NumCPU(), OvershootP99Ms: float64(worst.P99.Microseconds()) / 1000, Restarted: a.drive.restarted,
		CPUSeconds: a.usage.cpu.Seconds(), PeakRSSMiB: float64(a.usage.peak) / (1 << 20),
	}
}

func (a *assembler) series() []report.Second {
	var list []report.Second
	for i, c := range a.drive.load.Seconds() {
		s := report.Second{AtS: float64(i), Offered: int(c.Offered), OK: int(c.Good), Late: int(c.Late), Failed: int(c.Failed)}
		if left, ok := a.driver.journal.budgets[i]; ok {
			s.BudgetRemaining = &left
		}
		list = append(list, s)
	}
	return list
}

func (a *assembler) comparisons() []report.Comparison {
	var list []report.Comparison
	for _, c := range a.opts.Scenario.Compare {
		list = append(list, report.Comparison{Title: c.Title, Before: c.Before, After: c.After})
	}
	return list
}

func (a *assembler) addGraph(_ context.Context, r *report.Report) error {
	if len(a.graphs) == 0 {
		return nil
	}
	text, err := apijson.Marshal(a.graphs[0])
	if err != nil {
		return fmt.Errorf("encoding the graph: %w", err)
	}
	r.Graph = json.RawMessage(text)
	return nil
}

func (a *assembler) addVersions(ctx context.Context, r *report.Report) error {
	r.Versions = map[string]string{"plimsoll": a.opts.Version, "envoy": a.envoy, "go": runtime.Version()}
	if a.opts.Store == "" {
		version, err := witness.StoreVersion(ctx, a.place.engineSock())
		if err != nil {
			return err
		}
		r.Versions["clickhouse"] = version
	}
	return nil
}

// judge holds the expectations against what the report says.
func (a *assembler) judge(_ context.Context, r *report.Report) error {
	e, err := expect.New()
	if err != nil {
		return err
	}
	for _, x := range a.opts.Scenario.Expect {
		verdict, err := e.Judge(x.Name, x.That, r)
		if err != nil {
			return fmt.Errorf("judging %q: %w", x.Name, err)
		}
		r.Expectations = append(r.Expectations, verdict)
	}
	return nil
}
