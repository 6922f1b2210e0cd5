package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/expect"
	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Check finds what is wrong with a scenario beyond what its own reader sees:
// mesh objects that the mesh refuses, expectations that do not compile.
func Check(s *scenario.Scenario) error {
	workloads, err := buildWorkloads(s, &ports{next: DefaultBasePort})
	if err != nil {
		return err
	}
	var errs []error
	if _, err := buildMesh(s.Name, workloads, s.Mesh); err != nil {
		errs = append(errs, err)
	}
	for _, a := range s.Timeline {
		if a.Do == scenario.Apply {
			if _, err := buildMesh(s.Name, workloads, a.Mesh); err != nil {
				errs = append(errs, err)
			}
		}
	}
	judge, err := expect.New()
	if err != nil {
		return err
	}
	for _, e := range s.Expect {
		if err := judge.Check(e.That); err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: expect: %w", s.File, e.Line, err))
		}
	}
	return errors.Join(errs...)
}

// Run carries out a scenario and returns its report. The error is about the
// run itself; whether expectations held is in the report. With Options.Keep
// kept is called once the report is there, and everything goes on until ctx
// ends.
func Run(ctx context.Context, opts Options, kept func(*report.Report, Addresses)) (*report.Report, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	version, err := envoyVersion(ctx, opts.Envoy)
	if err != nil {
		return nil, err
	}
	at, err := newPlace(opts.Scenario.Name)
	if err != nil {
		return nil, err
	}
	l := &lab{opts: opts, place: at, children: process.NewSet(), envoy: version}
	defer l.close()
	r, err := l.run(ctx)
	if err != nil {
		return nil, l.explain(err)
	}
	if opts.Keep && kept != nil {
		kept(r, l.addresses())
		<-ctx.Done()
	}
	return r, nil
}

func (o Options) complete() (Options, error) {
	if o.Begun.IsZero() {
		o.Begun = time.Now()
	}
	if o.BasePort == 0 {
		o.BasePort = DefaultBasePort
	}
	if o.Duration != 0 {
		scaled, err := o.Scenario.Scale(o.Duration)
		if err != nil {
			return o, err
		}
		o.Scenario = scaled
	}
	if o.Seed != 0 {
		s := *o.Scenario
		s.Seed = o.Seed
		o.Scenario = &s
	}
	return o, Check(o.Scenario)
}

// lab is one run: what was started, in the order in which it is stopped.
type lab struct {
	opts     Options
	place    place
	children *process.Set
	envoy    string // version

	stack *stack
	apps  *apps
	mesh  *model.Mesh
}

// run starts everything, drives the scenario and assembles the report. A child
// that dies unasked ends it.
func (l *lab) run(ctx context.Context) (*report.Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-l.children.Failed():
			cancel(err)
		case <-ctx.Done():
		}
	}()
	r, err := l.runAll(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return r, err
}

func (l *lab) runAll(ctx context.Context) (*report.Report, error) {
	usageCtx, measured := context.WithCancel(ctx)
	defer measured()
	usage := watchUsage(usageCtx)
	d, err := l.start(ctx)
	if err != nil {
		return nil, err
	}
	first := l.firstEdge(ctx, d.api)
	driven, err := d.run(ctx)
	if err != nil {
		return nil, err
	}
	d.journal.say("waiting until Plimsoll has seen it all …")
	a := &assembler{lab: l, driver: d, drive: driven}
	if err := a.settle(ctx); err != nil {
		return nil, err
	}
	measured()
	a.usage, a.firstEdge = <-usage, <-first
	return a.report(ctx)
}

// firstEdge sends how long the user waited for the first edge in the graph, or
// nothing if there was none.
func (l *lab) firstEdge(ctx context.Context, a *api) <-chan time.Duration {
	result := make(chan time.Duration, 1)
	go func() {
		defer close(result)
		for sleepUntil(ctx, time.Now().Add(250*time.Millisecond)) == nil {
			now := time.Now()
			g, err := a.edges(ctx, now.Add(-time.Minute), now)
			if err == nil && len(g.GetEdges()) > 0 {
				result <- time.Since(l.opts.Begun)
				return
			}
		}
	}()
	return result
}

// explain adds where to look to an error of a run that was not just stopped.
func (l *lab) explain(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w\nthe logs of the run are in %s", err, l.keepLogs())
}

// keepLogs saves the logs of a failed run from removal.
func (l *lab) keepLogs() string {
	kept := l.place.root + "-logs"
	if err := renameDir(l.place.logs(), kept); err != nil {
		return l.place.logs()
	}
	return kept
}

func (l *lab) addresses() Addresses {
	a := Addresses{
		Analyzer: l.stack.analyzer, TokenFile: l.place.viewerToken(), Operator: l.place.operator(), Directory: l.place.root,
	}
	if t := l.apps.targets(); len(t) > 0 {
		a.Users = "http://" + t[0].Addresses[0] + t[0].Path
	}
	return a
}

// close stops everything and removes the files of the run.
func (l *lab) close() {
	if l.apps != nil {
		l.apps.stop()
	}
	l.children.Close()
	if l.stack != nil {
		l.stack.stop()
	}
	if err := l.place.remove(); err != nil {
		l.opts.Log.Warn("files of the run are left", "directory", filepath.Clean(l.place.root), "error", err)
	}
}
