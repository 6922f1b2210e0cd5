package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Build returns the mesh of the given workloads, and of those that the
// configuration itself names, checked. The given ones are not changed. Services
// are those that the workloads and ServiceEntries name, in the order of their
// hosts; an object for a host that is not among them is an error. An empty mesh
// or cluster is taken from the object Mesh.
func (c *Config) Build(mesh, cluster string, workloads []*model.Workload) (*model.Mesh, error) {
	workloads, err := c.allWorkloads(workloads)
	if err != nil {
		return nil, err
	}
	hosts := map[hostName]bool{}
	for _, w := range workloads {
		hosts[hostName{w.Service, w.Namespace}] = true
	}
	for host := range c.serviceEntries {
		hosts[host] = true
	}
	if err := c.checkHosts(hosts); err != nil {
		return nil, err
	}
	m := &model.Mesh{Name: mesh, Cluster: cluster, Workloads: workloads}
	c.describe(m)
	for _, host := range slices.SortedFunc(maps.Keys(hosts), compareHosts) {
		m.Services = append(m.Services, c.service(host, workloads))
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("building mesh %s: %w", m.Name, err)
	}
	return m, nil
}

// describe fills in what holds for the whole mesh.
func (c *Config) describe(m *model.Mesh) {
	m.RootNamespace, m.TrustDomain = c.rootNamespace(), model.DefaultTrustDomain
	if c.mesh == nil {
		return
	}
	m.Name, m.Cluster = cmp.Or(m.Name, c.mesh.name), cmp.Or(m.Cluster, c.mesh.spec.Cluster)
	m.TrustDomain = cmp.Or(c.mesh.spec.TrustDomain, m.TrustDomain)
	m.CertificateTTL = c.mesh.spec.CertificateTTL.D()
}

// allWorkloads returns copies with the policies of each.
func (c *Config) allWorkloads(given []*model.Workload) ([]*model.Workload, error) {
	var out []*model.Workload
	for _, w := range given {
		out = append(out, c.underPolicies(*w))
	}
	var errs yamlfile.Errors
	for _, w := range c.workloads {
		one := *w.model
		upstreams, err := c.upstreams(w)
		errs.Add(err)
		one.Upstreams = upstreams
		out = append(out, c.underPolicies(one))
	}
	return out, errs.Err()
}

func (c *Config) underPolicies(w model.Workload) *model.Workload {
	w.PeerMode = c.peerModeOf(&w)
	w.Authorization = c.authorizationOf(&w)
	w.Telemetry = c.telemetryOf(&w)
	if s := c.sidecarOf(&w); s != nil {
		w.Scoped, w.Egress = true, s.egress
	}
	if s := c.services[hostName{w.Service, w.Namespace}]; s != nil && w.RateLimit == nil {
		w.RateLimit = s.limit
	}
	return &w
}

func (c *Config) service(host hostName, workloads []*model.Workload) *model.Service {
	s := &model.Service{
		Name: host.name, Namespace: host.namespace, Port: c.port(host),
		Routes: []*model.Route{model.DefaultRoute()},
		Policy: model.DefaultPolicy(),
	}
	if e := c.serviceEntries[host]; e != nil {
		external := e.external
		external.Endpoints = c.endpoints(e, workloads)
		s.External = &external
	}
	if v := c.virtualServices[host]; v != nil {
		s.Routes = v.routes
	}
	if r := c.destinationRules[host]; r != nil {
		s.Policy, s.Subsets = r.policy(s.Port), r.modelSubsets(s.Port)
	}
	return s
}

// port returns the only port of a service.
func (c *Config) port(host hostName) int {
	if e := c.serviceEntries[host]; e != nil {
		return e.port
	}
	if s := c.services[host]; s != nil {
		return s.spec.Port
	}
	return model.HTTPPort
}

// checkHosts reports objects for hosts that are not there, and destinations
// with a port that is not theirs.
func (c *Config) checkHosts(hosts map[hostName]bool) error {
	var errs yamlfile.Errors
	for host, s := range c.virtualServices {
		if !hosts[host] {
			errs.Add(s.errorf(s.hostsPath(), "no workload offers %s", host))
		}
		for _, use := range s.ports {
			if port := c.port(use.to); hosts[use.to] && int(use.port) != port {
				errs.Add(s.errorf(use.at, "%s has port %d only", use.to, port))
			}
		}
		errs.Add(c.checkTargets(s, hosts))
	}
	for host, r := range c.destinationRules {
		if !hosts[host] && r.object != nil { // one without an object was made for a VirtualService
			errs.Add(r.errorf("host", "no workload offers %s", host))
		}
	}
	slices.SortFunc(errs, compareErrors)
	return slices.CompactFunc(errs, func(a, b *yamlfile.Error) bool { return *a == *b }).Err()
}

// checkTargets reports routes that lead to a service which is not there.
func (c *Config) checkTargets(s *virtualService, hosts map[hostName]bool) error {
	var errs yamlfile.Errors
	for i, r := range s.routes {
		for _, d := range r.Targets() {
			if to := (hostName{d.Service, d.Namespace}); d.Service != "" && !hosts[to] {
				errs.Add(s.errorf(s.routePath(i), "no workload offers %s", to))
			}
		}
	}
	return errs.Err()
}

func compareHosts(a, b hostName) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

func compareErrors(a, b *yamlfile.Error) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Field, b.Field))
}
