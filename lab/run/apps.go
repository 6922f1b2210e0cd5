package run

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/plimsoll-mesh/plimsoll/lab/load"
	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/lab/truth"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
	"github.com/plimsoll-mesh/plimsoll/lab/workload"
	"github.com/plimsoll-mesh/plimsoll/mesh/filexds"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// pair is one workload with its proxy.
type pair struct {
	service *scenario.Service
	copy    int // 0 for the first
	model   *model.Workload
	node    string
	paths   filexds.Paths
	app     *workload.Server
	proxy   *process.Process

	mu   sync.Mutex
	past witness.Stats // of proxies of this workload that were killed
}

// apps are the applications of the scenario, each behind its own Envoy.
type apps struct {
	opts     Options
	children *process.Set
	logs     string
	pairs    []*pair
}

func newApps(opts Options, children *process.Set, logs string, m *model.Mesh, plane *filexds.Plane) (*apps, error) {
	a := &apps{opts: opts, children: children, logs: logs}
	next := 0
	for i := range opts.Scenario.Services {
		s := &opts.Scenario.Services[i]
		for copy := range s.Replicas {
			w := m.Workloads[next]
			next++
			paths, ok := plane.Paths(w)
			if !ok {
				return nil, fmt.Errorf("placing the proxy of %s: the mesh has no such workload", w.InstanceName())
			}
			a.pairs = append(a.pairs, &pair{service: s, copy: copy, model: w, node: m.ID(w), paths: paths})
		}
	}
	return a, nil
}

// start starts applications first and proxies second, and waits for each.
func (a *apps) start(ctx context.Context, ledger *truth.Ledger, seed uint64) error {
	for _, p := range a.pairs {
		upstreams := map[string]string{}
		for _, u := range p.model.Upstreams {
			upstreams[u.Service] = loopback(u.LocalPort)
		}
		var err error
		p.app, err = workload.Start(ctx, workload.Config{
			Service: p.service, Node: p.node, Listen: loopback(p.model.AppPort), Upstreams: upstreams,
			Seed: seed + uint64(p.copy), Ledger: ledger, Log: a.opts.Log,
		})
		if err != nil {
			return err
		}
	}
	for _, p := range a.pairs {
		if err := a.startProxy(p); err != nil {
			return err
		}
	}
	for _, p := range a.pairs {
		if err := a.proxyReady(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// startProxy starts an Envoy as the lab always does: one worker each, since
// the machine is shared by all.
func (a *apps) startProxy(p *pair) error {
	var err error
	p.proxy, err = a.children.Start(process.Spec{
		Name: "envoy-" + p.model.InstanceName(), Path: a.opts.Envoy, LogDir: a.logs, WorkDir: filepath.Dir(p.paths.Bootstrap),
		Args: []string{
			"--config-path", p.paths.Bootstrap, "--concurrency", "1", "--disable-hot-restart",
			"--log-level", "warning", "--file-flush-interval-msec", "500", "--drain-time-s", "1",
		},
	})
	return err
}

// killProxy ends a proxy as a crash would. Its counters up to then are kept.
func (a *apps) killProxy(ctx context.Context, p *pair) error {
	s, err := witness.EnvoyStats(ctx, p.paths.AdminSocket)
	p.proxy.Kill()
	if err != nil {
		return fmt.Errorf("keeping the counters of a proxy: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.past = p.past.Add(s)
	return nil
}

func (a *apps) restartProxy(ctx context.Context, p *pair) error {
	if err := a.startProxy(p); err != nil {
		return err
	}
	return a.proxyReady(ctx, p)
}

func (a *apps) proxyReady(ctx context.Context, p *pair) error {
	return waitFor(ctx, p.proxy, func(ctx context.Context) error { return witness.EnvoyReady(ctx, p.paths.AdminSocket) })
}

func (a *apps) stop() {
	for _, p := range a.pairs {
		if p.app != nil {
			p.app.Close()
		}
	}
}

// find returns the workloads of a service, all versions for "".
func (a *apps) find(service, version string) []*pair {
	var list []*pair
	for _, p := range a.pairs {
		if p.service.Name == service && (version == "" || p.service.Version == version) {
			list = append(list, p)
		}
	}
	return list
}

// targets are where the users' load goes: the proxies of each service that it
// names, in turn.
func (a *apps) targets() []*load.Target {
	var list []*load.Target
	for _, l := range a.opts.Scenario.Load {
		var entries []string
		for _, p := range a.find(l.Service, "") {
			entries = append(entries, loopback(p.model.InboundPort))
		}
		list = append(list, &load.Target{
			Service: l.Service, Addresses: entries, Host: l.Service,
			Method: l.Method, Path: l.Path, Headers: l.Headers, Deadline: l.Deadline.D(),
		})
	}
	return list
}

// stats reads the counters of every proxy, by node: copies of one workload are
// added up, and so are those that were killed.
func (a *apps) stats(ctx context.Context) map[string]witness.Stats {
	all := map[string]witness.Stats{}
	for _, p := range a.pairs {
		all[p.node] = all[p.node].Add(p.stats(ctx))
	}
	return all
}

// stats are the counters of a workload's proxies, without those of one that does
// not answer.
func (p *pair) stats(ctx context.Context) witness.Stats {
	s, err := witness.EnvoyStats(ctx, p.paths.AdminSocket)
	if err != nil {
		s = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.Add(p.past)
}

// idle tells whether no application has a call at work or waiting.
func (a *apps) idle() bool {
	for _, p := range a.pairs {
		if c := p.app.Counters(); c.Busy+c.Queued > 0 {
			return false
		}
	}
	return true
}
