package filexds

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Update replaces the configuration while the proxies run; overrides stay above
// it. What their start-up files say cannot change so: a difference there is an
// error that names the workload and what differs, and nothing is written. When a
// proxy that runs does not take the rest, or none runs, everything is put back;
// the error and the changes say who and why.
func (p *Plane) Update(ctx context.Context, m *model.Mesh) ([]Change, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(m.Validate(), envoyconf.Rendered(m)); err != nil {
		return nil, fmt.Errorf("checking mesh %s: %w", m.Name, err)
	}
	if err := p.needsRestart(m); err != nil {
		return nil, err
	}
	changes, err := p.rollOut(ctx, state{configured: m, overrides: p.state.overrides})
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, c := range changes {
		if c.Err != nil {
			errs = append(errs, fmt.Errorf("changing %s: %w", c.Proxy, c.Err))
		}
	}
	return changes, errors.Join(errs...)
}

// needsRestart compares what the start-up files are made from, as the mesh
// wants it and as it was: all but limits, which the runtime layer carries.
func (p *Plane) needsRestart(m *model.Mesh) error {
	var errs []error
	for _, x := range p.proxies {
		w := m.Workload(x.workload.Namespace, x.workload.InstanceName())
		if w == nil {
			errs = append(errs, fmt.Errorf("changing %s: it is gone from the configuration; stop its proxy first", x.name))
			continue
		}
		if err := p.compareBootstraps(x, m, w); err != nil {
			errs = append(errs, err)
		}
	}
	if len(m.Workloads) > len(p.proxies) {
		errs = append(errs, fmt.Errorf("changing mesh %s: %d workloads instead of %d; new ones need a proxy to be started", m.Name, len(m.Workloads), len(p.proxies)))
	}
	return errors.Join(errs...)
}

func (p *Plane) compareBootstraps(x *proxy, m *model.Mesh, w *model.Workload) error {
	o := p.envoyOptions(x.paths)
	was, err := envoyconf.Bootstrap(p.started, x.workload, o)
	if err != nil {
		return err
	}
	is, err := envoyconf.Bootstrap(p.withStartedLimits(m), w, o)
	if err != nil {
		return err
	}
	if !proto.Equal(was, is) {
		return fmt.Errorf("changing %s: %s can only change with a restart of its proxy", x.name, envoyconf.Difference(was, is))
	}
	return nil
}

// withStartedLimits returns the mesh with limits and budgets of the one that
// the proxies were started with.
func (p *Plane) withStartedLimits(m *model.Mesh) *model.Mesh {
	out := *m
	out.Services = make([]*model.Service, len(m.Services))
	for i, s := range m.Services {
		copied := *s
		if was := p.started.Service(s.Namespace, s.Name); was != nil {
			copied.Policy.Limits, copied.Policy.RetryBudget = was.Policy.Limits, was.Policy.RetryBudget
		}
		out.Services[i] = &copied
	}
	return &out
}
