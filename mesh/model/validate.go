package model

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// Validate reports every contradiction in the mesh, joined: names and ports
// that stand twice, upstreams and destinations that lead nowhere, values that
// no proxy can keep.
func (m *Mesh) Validate() error {
	var errs []error
	if m.Name == "" || m.Cluster == "" {
		errs = append(errs, errors.New("mesh without a name or a cluster id"))
	}
	names, ports := map[string]bool{}, map[string]string{}
	for _, w := range m.Workloads {
		errs = append(errs, m.validateWorkload(w, names, ports)...)
	}
	for _, s := range m.Services {
		errs = append(errs, m.validateService(s)...)
	}
	return errors.Join(errs...)
}

func (m *Mesh) validateWorkload(w *Workload, names map[string]bool, ports map[string]string) []error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("workload %s.%s: "+format, append([]any{w.InstanceName(), w.Namespace}, args...)...))
	}
	if w.Name == "" || w.Namespace == "" || w.Service == "" {
		bad("name, namespace and service must be set")
	}
	if id := w.InstanceName() + "." + w.Namespace; names[id] {
		bad("stands twice in the mesh")
	} else {
		names[id] = true
	}
	if _, err := netip.ParseAddr(w.Address); err != nil {
		bad("address %q is not an IP", w.Address)
	}
	take := func(address string, port int, use string) {
		if port < 1 || port > 65535 {
			bad("%s %d is not a port", use, port)
			return
		}
		at := fmt.Sprintf("%s:%d", address, port)
		if other, taken := ports[at]; taken {
			bad("%s %s is also the %s", use, at, other)
		}
		ports[at] = fmt.Sprintf("%s of %s.%s", use, w.InstanceName(), w.Namespace)
	}
	take(w.Address, w.InboundPort, "inbound port")
	take("127.0.0.1", w.AppPort, "application port")
	for i, u := range w.Upstreams {
		if slices.ContainsFunc(w.Upstreams[:i], u.sameService) {
			bad("calls %s.%s twice; one local port serves all its calls", u.Service, u.Namespace)
		}
		take("127.0.0.1", u.LocalPort, "local port for "+u.Service)
		if m.Service(u.Namespace, u.Service) == nil {
			bad("calls %s.%s, which no workload offers", u.Service, u.Namespace)
		}
	}
	return errs
}

func (m *Mesh) validateService(s *Service) []error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("service %s: "+format, append([]any{s.Host()}, args...)...))
	}
	if len(s.Routes) == 0 {
		bad("has no route")
	}
	for _, r := range s.Routes {
		m.validateRoute(s, r, bad)
	}
	s.Policy.validate(bad)
	for _, sub := range s.Subsets {
		if sub.Policy != nil {
			sub.Policy.validate(bad)
		}
	}
	return errs
}

func (m *Mesh) validateRoute(s *Service, r *Route, bad func(string, ...any)) {
	for _, d := range r.Targets() {
		to := m.Destination(s, d)
		switch {
		case to == nil:
			bad("route %s leads to %s.%s, which nobody offers", r.Name, d.Service, d.Namespace)
		case d.Subset != "" && to.Subset(d.Subset) == nil:
			bad("route %s leads to subset %s, which is not defined", r.Name, d.Subset)
		}
	}
	total := uint64(0)
	for _, d := range r.Destinations {
		total += uint64(d.Weight)
	}
	if r.Forwards() && total == 0 || total > Unlimited {
		bad("route %s: weights add up to %d", r.Name, total)
	}
	if r.Timeout < 0 || r.Retry.PerTryTimeout < 0 {
		bad("route %s: negative timeout", r.Name)
	}
}

func (p Policy) validate(bad func(string, ...any)) {
	if b := p.RetryBudget; b != nil && (math.IsNaN(b.Percent) || b.Percent < 0 || b.Percent > 100) {
		bad("retry budget of %v %%", b.Percent)
	}
	if hashes := p.Balancer.Algorithm == RingHash || p.Balancer.Algorithm == Maglev; hashes != (p.Balancer.Hash != nil) {
		bad("load balancing by %s with a hash: %v", p.Balancer.Algorithm, p.Balancer.Hash != nil)
	}
}
