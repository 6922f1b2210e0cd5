package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	meshv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/mesh/v1"
	tunev1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1"
	typesv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/types/v1"
	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/mesh/filexds"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// timeline does what the scenario says, when it says so. An action that fails
// is noted; the expectations decide what that means.
type timeline struct {
	apps      *apps
	stack     *stack
	plane     *filexds.Plane
	mesh      *currentMesh
	workloads []*model.Workload
	api       *api
	journal   *journal
}

// run carries out the actions at their times after zero and returns when the
// last one has ended.
func (t *timeline) run(ctx context.Context, zero time.Time, actions []scenario.Action) {
	var wg sync.WaitGroup
	defer wg.Wait()
	ended := make([]chan struct{}, len(actions))
	for i, a := range actions {
		if sleepUntil(ctx, zero.Add(a.At.D())) != nil {
			return
		}
		for j := range i {
			if undoes(actions[j], a) {
				<-ended[j]
			}
		}
		ended[i] = make(chan struct{})
		wg.Go(func() {
			defer close(ended[i])
			if err := t.do(ctx, a, zero.Add(a.Until())); err != nil && ctx.Err() == nil {
				t.journal.note(string(a.Do)+" failed", "%s failed: %v", a.Do, err)
			}
		})
	}
}

// undoes tells whether the end of an action, which restores what was before,
// would undo the next one if it came a moment too late.
func undoes(before, next scenario.Action) bool {
	return before.For > 0 && before.Do == next.Do && before.Service == next.Service && before.Until() <= next.At.D()
}

// do carries out one action; one that lasts ends at the moment given.
func (t *timeline) do(ctx context.Context, a scenario.Action, until time.Time) error {
	switch a.Do {
	case scenario.Slow:
		return t.during(ctx, a, until, fmt.Sprintf("slow ×%g", a.Factor),
			func(p *pair) error { p.app.SetFactor(a.Factor); return nil },
			func(p *pair) error { p.app.SetFactor(1); return nil })
	case scenario.Fail:
		return t.during(ctx, a, until, fmt.Sprintf("fails %.4g %% of calls with %d", 100*a.Rate, a.Code),
			func(p *pair) error { p.app.SetFail(a.Rate, a.Code); return nil },
			func(p *pair) error { p.app.SetFail(0, 0); return nil })
	case scenario.Kill:
		return t.kill(ctx, a, until)
	case scenario.ScaleWorkers:
		for _, p := range t.apps.find(a.Service, a.Version) {
			p.app.SetWorkers(a.Workers)
		}
		t.journal.note("scaled", "%s has %d workers", name(a), a.Workers)
		return nil
	case scenario.Apply:
		return t.applyMesh(ctx, a)
	case scenario.TuneProbe, scenario.TuneApply:
		return t.tune(ctx, a)
	case scenario.TuneRollback:
		t.journal.note("rollback", "rolling the tuning back")
		return t.api.rollback(ctx)
	case scenario.CollectorKill, scenario.CollectorStop, scenario.CentralKill:
		return t.collectorAway(ctx, a.Do, until)
	case scenario.StoreKill:
		return t.killStore(ctx, a, until)
	}
	return fmt.Errorf("the lab cannot do %q", a.Do)
}

// during does something to every workload of a service until a moment. What has
// begun also ends, whatever goes wrong with another copy.
func (t *timeline) during(ctx context.Context, a scenario.Action, until time.Time, what string, begin, end func(*pair) error) error {
	t.journal.note(name(a)+" "+what, "%s %s", name(a), what)
	targets := t.apps.find(a.Service, a.Version)
	err := forEach(targets, begin)
	if wait := sleepUntil(ctx, until); wait != nil {
		return wait
	}
	if err := errors.Join(err, forEach(targets, end)); err != nil {
		return err
	}
	t.journal.note("over", "%s is itself again", name(a))
	return nil
}

func forEach(pairs []*pair, do func(*pair) error) error {
	var errs []error
	for _, p := range pairs {
		errs = append(errs, do(p))
	}
	return errors.Join(errs...)
}

// kill ends the application or its proxy as a crash would.
func (t *timeline) kill(ctx context.Context, a scenario.Action, until time.Time) error {
	if a.Target == scenario.TargetProxy {
		return t.during(ctx, a, until, "loses its proxy",
			func(p *pair) error { return t.apps.killProxy(ctx, p) },
			func(p *pair) error { return t.apps.restartProxy(ctx, p) })
	}
	return t.during(ctx, a, until, "is dead",
		func(p *pair) error { p.app.Kill(); return nil },
		func(p *pair) error { return p.app.Restore(ctx) })
}

// collectorAway ends a collector and starts it again at the moment given.
func (t *timeline) collectorAway(ctx context.Context, verb scenario.Verb, until time.Time) error {
	all := t.stack.collectors
	one, what, end := all.near, "collector killed", (*process.Process).Kill
	switch verb {
	case scenario.CollectorStop:
		what, end = "collector stopped", (*process.Process).Stop
	case scenario.CentralKill:
		one, what = all.central, "central collector killed"
	}
	t.journal.note(what, "%s", what)
	end(one.process)
	if err := sleepUntil(ctx, until); err != nil {
		return err
	}
	if err := all.run(ctx, one); err != nil {
		return err
	}
	t.journal.note("collector back", "%s runs again", one.name)
	return nil
}

// killStore kills the engine, and its supervisor where it shall stay away.
func (t *timeline) killStore(ctx context.Context, a scenario.Action, until time.Time) error {
	t.journal.note("store killed", "store killed")
	if a.For == 0 {
		return t.stack.killEngine()
	}
	t.stack.store.Kill()
	if err := sleepUntil(ctx, until); err != nil {
		return err
	}
	if err := t.stack.startStore(ctx); err != nil {
		return err
	}
	t.journal.note("store back", "the store runs again")
	return nil
}

// applyMesh replaces the mesh's configuration on the running proxies.
func (t *timeline) applyMesh(ctx context.Context, a scenario.Action) error {
	m, _, err := buildMesh(t.apps.opts.Scenario.Name, t.workloads, a.Mesh)
	if err != nil {
		return err
	}
	changes, err := t.plane.Update(ctx, m)
	if err != nil {
		return err
	}
	t.mesh.set(m)
	t.journal.note("mesh applied", "other mesh configuration applied to %d proxies", len(changes))
	return nil
}

// tune has Plimsoll judge an edge and, where it says to change something,
// change it.
func (t *timeline) tune(ctx context.Context, a scenario.Action) error {
	plan, err := t.api.plan(ctx, &typesv1.EdgeRef{Namespace: scenario.Namespace, SrcService: a.Edge.Src, DstService: a.Edge.Dst})
	if err != nil {
		return err
	}
	t.journal.note("judged", "judged %s → %s: %s", a.Edge.Src, a.Edge.Dst, verdicts(plan))
	if !changes(plan) {
		t.journal.planned(plan, false)
		return nil
	}
	applied, proxies, err := t.api.apply(ctx, plan.GetId())
	if err != nil {
		t.journal.planned(plan, false)
		return err
	}
	t.journal.planned(applied, true)
	if len(proxies) == 0 {
		t.journal.note("no change", "the proxies keep these values already")
		return nil
	}
	for _, c := range proxies {
		if c.GetError() != "" {
			return fmt.Errorf("%s did not take the change: %s", c.GetProxy(), c.GetError())
		}
	}
	t.journal.note("applied", "applied to %d proxies, live after %s", len(proxies), slowest(proxies))
	return nil
}

func changes(p *tunev1.Plan) bool {
	for _, r := range p.GetRecommendations() {
		if r.GetVerdict() == "RECOMMEND" || r.GetVerdict() == "PROBE" {
			return true
		}
	}
	return false
}

func verdicts(p *tunev1.Plan) string {
	var list []string
	for _, r := range p.GetRecommendations() {
		text := r.GetKnob() + " " + r.GetVerdict()
		if r.GetTo() != "" {
			text += " " + r.GetTo()
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func slowest(changes []*meshv1.ProxyChange) time.Duration {
	var worst time.Duration
	for _, c := range changes {
		worst = max(worst, c.GetRuntimeLiveAfter().AsDuration(), c.GetRoutesLiveAfter().AsDuration())
	}
	return worst.Round(time.Millisecond)
}

func name(a scenario.Action) string {
	if a.Version == "" {
		return a.Service
	}
	return a.Service + "-" + a.Version
}

// sleepUntil waits for a moment; it is an error if the context ends first.
func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
