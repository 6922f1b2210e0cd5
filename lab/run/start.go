package run

import (
	"context"
	"fmt"
	"net/http"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
	"github.com/plimsoll-mesh/plimsoll/mesh/filexds"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// start brings up the store, the collector, the mesh's API, the analyzer, the
// applications and the proxies, in this order.
func (l *lab) start(ctx context.Context) (*driver, error) {
	spots, err := l.takePorts()
	if err != nil {
		return nil, err
	}
	plane, tokenFile, err := l.newPlane()
	if err != nil {
		return nil, err
	}
	l.say("starting the store, the collector and the analyzer …")
	if err := l.stack.startStore(ctx); err != nil {
		return nil, err
	}
	if err := l.stack.collectors.start(ctx); err != nil {
		return nil, err
	}
	if err := l.startAnalyzer(ctx, spots, plane, tokenFile); err != nil {
		return nil, err
	}
	l.say("starting %d applications, each behind its own Envoy %s …", len(spots.workloads), l.envoy)
	return l.startApps(ctx, plane, spots.workloads)
}

// spots are the ports of the lab's own servers, and the placed workloads.
type spots struct {
	hook, mesh int
	workloads  []*model.Workload
}

// takePorts finds a port for everything before anything starts.
func (l *lab) takePorts() (spots, error) {
	var s spots
	p := &ports{next: l.opts.BasePort, unused: true}
	var err error
	if l.stack, err = newStack(l.opts, l.place, l.children, p); err != nil {
		return s, err
	}
	if s.hook, err = p.take("the receiver of webhooks"); err != nil {
		return s, err
	}
	if s.mesh, err = p.take("the mesh's API"); err != nil {
		return s, err
	}
	if s.workloads, err = buildWorkloads(l.opts.Scenario, p); err != nil {
		return s, err
	}
	var warnings yamlfile.Errors
	l.mesh, warnings, err = buildMesh(l.opts.Scenario.Name, s.workloads, l.opts.Scenario.Mesh)
	for _, w := range warnings {
		l.say("warning: %v", w)
	}
	return s, err
}

// newPlane prepares the configuration of the proxies. Nothing is written but the
// token that the mesh's API asks for.
func (l *lab) newPlane() (plane *filexds.Plane, tokenFile string, err error) {
	token := newToken()
	plane, err = filexds.New(l.mesh, l.place.proxies(), filexds.Options{
		Collector: l.stack.collectors.address, AccessLogs: true, SocketDir: l.place.sockets(), Token: token,
	})
	if err != nil {
		return nil, "", err
	}
	tokenFile, err = l.place.write("mesh.token", []byte(token+"\n"))
	return plane, tokenFile, err
}

// startAnalyzer starts the analyzer with what it talks to: the mesh's API and
// the receiver of its webhooks.
func (l *lab) startAnalyzer(ctx context.Context, s spots, plane *filexds.Plane, tokenFile string) error {
	mux := http.NewServeMux()
	mux.Handle(plane.Handler())
	if err := l.stack.serve(s.mesh, mux); err != nil {
		return err
	}
	hookURL, err := l.stack.startHook(s.hook)
	if err != nil {
		return err
	}
	return l.stack.startAnalyzer(ctx, l.opts.Scenario.SLOs, hookURL, "http://"+loopback(s.mesh), tokenFile)
}

// startApps starts the applications and their proxies and returns what drives
// them.
func (l *lab) startApps(ctx context.Context, plane *filexds.Plane, workloads []*model.Workload) (*driver, error) {
	s := l.opts.Scenario
	if err := plane.Write(ctx); err != nil {
		return nil, err
	}
	c := &clock{phases: s.Phases}
	mesh := newCurrentMesh(l.mesh)
	ledger := truth.New(truth.Config{
		Phase: c.phase, Route: mesh.route,
		ServiceNode: func(service string) string { return serviceNode(l.mesh, service) }, // the workloads stay
	})
	var err error
	if l.apps, err = newApps(l.opts, l.children, l.place.logs(), l.mesh, plane); err != nil {
		return nil, err
	}
	if err := l.writeTargets(); err != nil {
		return nil, err
	}
	if err := l.apps.start(ctx, ledger, s.Seed); err != nil {
		return nil, err
	}
	if l.api, err = newAPI(l.stack.analyzer, l.place.operator()); err != nil {
		return nil, err
	}
	j := newJournal(c, l.opts.Progress)
	return &driver{
		scenario: s, clock: c, apps: l.apps, ledger: ledger, journal: j, api: l.api, restart: normalRestart,
		timeline: &timeline{apps: l.apps, stack: l.stack, plane: plane, mesh: mesh, workloads: workloads, api: l.api, journal: j},
	}, nil
}

// writeTargets tells the collector where the proxies have their statistics.
func (l *lab) writeTargets() error {
	var urls []string
	for _, p := range l.apps.pairs {
		urls = append(urls, "unix://"+p.paths.AdminSocket)
	}
	text, err := yaml.Marshal([]map[string]any{{"targets": urls, "labels": map[string]string{"source": "envoy"}}})
	if err != nil {
		return fmt.Errorf("listing the proxies: %w", err)
	}
	_, err = l.place.write(targetsFile, text)
	return err
}

func (l *lab) say(format string, args ...any) {
	fmt.Fprintf(l.opts.Progress, format+"\n", args...)
}
