package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// ErrStopped is the error of a run whose context ended before its report was
// there. All that was started is stopped by then.
var ErrStopped = errors.New("stopped before the end")

// Run carries out a scenario and returns its report. The error is about the
// run itself; whether expectations held is in the report. With Options.Keep
// kept is called once the report is there, and everything goes on until ctx
// ends or something dies.
func Run(ctx context.Context, opts Options, kept func(*report.Report, Addresses)) (*report.Report, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	l := &lab{opts: opts}
	if l.envoy, err = envoyVersion(ctx, opts.Envoy); err != nil {
		return nil, stopped(ctx, err)
	}
	if l.place, err = newPlace(opts.Scenario.Name); err != nil {
		return nil, err
	}
	l.children = process.NewSet()
	defer l.close()
	r, err := l.run(ctx)
	if err != nil {
		return nil, l.explain(stopped(ctx, err))
	}
	if !opts.Keep || kept == nil {
		return r, nil
	}
	kept(r, l.addresses())
	select {
	case <-ctx.Done():
		return r, nil
	case err := <-l.children.Failed():
		return r, l.explain(err)
	}
}

// stopped turns whatever a run fails with into ErrStopped once its context has
// ended: the cause of that is a signal's name, no fault of the run.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ErrStopped
	}
	return err
}

// complete fills in what is left out and refuses what cannot be run.
func (o Options) complete() (Options, error) {
	if o.Begun.IsZero() {
		o.Begun = time.Now()
	}
	if o.BasePort == 0 {
		o.BasePort = DefaultBasePort
	}
	if o.Progress == nil {
		o.Progress = io.Discard
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
	if err := refuseImpossible(o); err != nil {
		return o, err
	}
	_, err := Check(o.Scenario, o.CheckSLOs)
	return o, err
}

// lab is one run: what was started, in the order in which it is stopped.
type lab struct {
	opts     Options
	place    place
	children *process.Set
	envoy    string // version

	stack *stack
	apps  *apps
	mesh  *model.Mesh // as the run begins
	api   *api
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
	usage := watchUsage(usageCtx)
	defer func() { measured(); <-usage.done }()
	d, err := l.start(ctx)
	if err != nil {
		return nil, err
	}
	edgeCtx, seen := context.WithCancel(ctx)
	first := l.watchFirstEdge(edgeCtx, d.api)
	defer func() { seen(); <-first.done }()
	driven, err := d.run(ctx)
	if err != nil {
		return nil, err
	}
	d.journal.say("waiting until Plimsoll has seen it all …")
	a := &assembler{lab: l, driver: d, drive: driven}
	if err := a.settle(ctx); err != nil {
		return nil, err
	}
	seen()
	measured()
	<-usage.done
	<-first.done
	a.usage, a.firstEdge = usage.usage, first.after
	return a.report(ctx)
}

// firstEdge is how long the user waited for the first edge in the graph, 0 if
// there was none. It may be read once done is closed.
type firstEdge struct {
	after time.Duration
	done  chan struct{}
}

// watchFirstEdge looks for the first edge until ctx ends. Edges from before the
// run, in a store of the user's own, are no sign of it.
func (l *lab) watchFirstEdge(ctx context.Context, a *api) *firstEdge {
	f := &firstEdge{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for sleepUntil(ctx, time.Now().Add(250*time.Millisecond)) == nil {
			g, err := a.edges(ctx, l.opts.Begun, time.Now())
			if err == nil && len(g.GetEdges()) > 0 {
				f.after = time.Since(l.opts.Begun)
				return
			}
		}
	}()
	return f
}

// explain adds where to look to an error of a run that was not just stopped.
func (l *lab) explain(err error) error {
	if errors.Is(err, ErrStopped) {
		return err
	}
	if kept := l.keepLogs(); kept != "" {
		return fmt.Errorf("%w\nthe logs of the run are in %s", err, kept)
	}
	return err
}

// keepLogs saves the logs of a failed run from removal and returns their new
// place, "" if there are none.
func (l *lab) keepLogs() string {
	kept := l.place.root + "-logs"
	if err := renameDir(l.place.logs(), kept); err != nil {
		return ""
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
	if l.api != nil {
		l.api.close()
	}
	if l.stack != nil {
		l.stack.stop()
	}
	if err := l.place.remove(); err != nil {
		l.opts.Log.Warn("files of the run are left", "directory", filepath.Clean(l.place.root), "error", err)
	}
}
