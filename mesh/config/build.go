package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Build returns the mesh of the workloads under this configuration, checked.
// Services are those that the workloads name, in the order of their hosts; an
// object for a host that no workload offers is an error.
func (c *Config) Build(mesh, cluster string, workloads []*model.Workload) (*model.Mesh, error) {
	hosts := map[hostName]bool{}
	for _, w := range workloads {
		hosts[hostName{w.Service, w.Namespace}] = true
	}
	if err := c.checkHosts(hosts); err != nil {
		return nil, err
	}
	m := &model.Mesh{Name: mesh, Cluster: cluster, Workloads: workloads}
	for _, host := range slices.SortedFunc(maps.Keys(hosts), compareHosts) {
		m.Services = append(m.Services, c.service(host))
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("building mesh %s: %w", mesh, err)
	}
	return m, nil
}

func (c *Config) service(host hostName) *model.Service {
	s := &model.Service{
		Name: host.name, Namespace: host.namespace, Port: model.HTTPPort,
		Routes:  []*model.Route{model.DefaultRoute()},
		Policy:  model.DefaultPolicy(),
		Subsets: c.subsets(host),
	}
	if v := c.virtualServices[host]; v != nil {
		s.Routes = v.routes
	}
	if r := c.destinationRules[host]; r != nil {
		s.Policy = r.policy
	}
	return s
}

// checkHosts reports objects for hosts that are not there.
func (c *Config) checkHosts(hosts map[hostName]bool) error {
	var errs yamlfile.Errors
	for host, s := range c.virtualServices {
		if !hosts[host] {
			errs.Add(s.errorf("hosts", "no workload offers %s", host))
		}
	}
	for host, r := range c.destinationRules {
		if !hosts[host] && r.object != nil { // one without an object was made for a VirtualService
			errs.Add(r.errorf("host", "no workload offers %s", host))
		}
	}
	slices.SortFunc(errs, compareErrors)
	return errs.Err()
}

func compareHosts(a, b hostName) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

func compareErrors(a, b *yamlfile.Error) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Field, b.Field))
}
