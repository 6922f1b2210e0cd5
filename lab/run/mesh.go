package run

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
	"github.com/plimsoll-mesh/plimsoll/mesh/config"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// buildWorkloads places every copy of every workload of the scenario, with a
// port for its application, one for its proxy, and one for each service it calls.
// They are in the order of the scenario, copies of one next to each other.
func buildWorkloads(s *scenario.Scenario, p *ports) ([]*model.Workload, error) {
	var list []*model.Workload
	for i := range s.Services {
		for copy := range s.Services[i].Replicas {
			w, err := buildWorkload(&s.Services[i], copy, p)
			if err != nil {
				return nil, err
			}
			list = append(list, w)
		}
	}
	return list, nil
}

func buildWorkload(s *scenario.Service, copy int, p *ports) (*model.Workload, error) {
	name := instanceName(s, copy)
	w := &model.Workload{
		Name: s.Workload(), Instance: name, Namespace: scenario.Namespace, Service: s.Name, Version: s.Version,
		ServiceAccount: s.Name, Address: "127.0.0.1",
	}
	if s.Version != "" {
		w.Labels = map[string]string{model.VersionLabel: s.Version}
	}
	var err error
	if w.AppPort, err = p.take("the application of " + name); err != nil {
		return nil, err
	}
	if w.InboundPort, err = p.take("the proxy of " + name); err != nil {
		return nil, err
	}
	for _, callee := range callees(s) {
		port, err := p.take(fmt.Sprintf("calls of %s to %s", name, callee))
		if err != nil {
			return nil, err
		}
		w.Upstreams = append(w.Upstreams, model.Upstream{Service: callee, Namespace: scenario.Namespace, LocalPort: port})
	}
	return w, nil
}

// instanceName names a copy: the workload, numbered if there are several.
func instanceName(s *scenario.Service, copy int) string {
	if s.Replicas == 1 {
		return s.Workload()
	}
	return fmt.Sprintf("%s-%d", s.Workload(), copy+1)
}

// callees lists the services that a workload calls, in order of first mention.
func callees(s *scenario.Service) []string {
	var list []string
	for _, e := range s.Endpoints {
		for _, c := range e.Calls {
			if !slices.Contains(list, c.Service) {
				list = append(list, c.Service)
			}
		}
	}
	return list
}

// buildMesh combines workloads with mesh objects. Warnings are what the mesh
// takes but finds odd.
func buildMesh(name string, workloads []*model.Workload, sources []scenario.Source) (*model.Mesh, yamlfile.Errors, error) {
	parsed, err := config.Parse(docs(sources))
	if err != nil {
		return nil, nil, err
	}
	m, err := parsed.Build(name, scenario.Cluster, workloads)
	if err == nil {
		err = envoyconf.Rendered(m)
	}
	return m, parsed.Warnings(), err
}

// serviceNode returns the node that a call to a service goes to when no
// application saw it arrive: the only workload there is, else the service as
// such.
func serviceNode(m *model.Mesh, service string) string {
	ids := map[string]bool{}
	for _, w := range m.Workloads {
		if w.Service == service {
			ids[m.ID(w)] = true
		}
	}
	if len(ids) == 1 {
		for id := range ids {
			return id
		}
	}
	return m.Name + "/" + m.Cluster + "/" + scenario.Namespace + "/~" + service
}

// currentMesh is the mesh in force, which the timeline can replace.
type currentMesh struct{ mesh atomic.Pointer[model.Mesh] }

func newCurrentMesh(m *model.Mesh) *currentMesh {
	c := new(currentMesh)
	c.set(m)
	return c
}

func (c *currentMesh) set(m *model.Mesh) { c.mesh.Store(m) }

// route names the route that the mesh reports for a call that begins now.
func (c *currentMesh) route(srcService, dstService, method, path string) string {
	return routes(c.mesh.Load())(srcService, dstService, method, path)
}

// routes answers which route name the mesh reports for a call. It follows the
// order of the mesh's routes as Envoy does.
func routes(m *model.Mesh) func(srcService, dstService, method, path string) string {
	return func(srcService, dstService, _, path string) string {
		s := m.Service(scenario.Namespace, dstService)
		if srcService == "" || s == nil {
			return model.DefaultRouteName // users call the inbound listener
		}
		for _, r := range s.Routes {
			if takes(r, path) {
				return r.Name
			}
		}
		return ""
	}
}

// takes tells whether a call of the lab, which sets no headers of its own,
// matches the route.
func takes(r *model.Route, path string) bool {
	if len(r.Matches) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Matches, func(m model.Match) bool {
		switch {
		case len(m.Headers) > 0:
			return false
		case m.Path.Exact != "":
			return path == m.Path.Exact
		}
		return len(path) >= len(m.Path.Prefix) && path[:len(m.Path.Prefix)] == m.Path.Prefix
	})
}
