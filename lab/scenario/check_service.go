package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// defaults fills in what the document leaves out.
func (c *checker) defaults() {
	for i := range c.s.Services {
		c.serviceDefaults(i)
	}
	c.timeDefaults()
}

func (c *checker) serviceDefaults(i int) {
	s, at := &c.s.Services[i], fmt.Sprintf("services[%d]", i)
	if !c.has(at + ".replicas") {
		s.Replicas = 1
	}
	if !c.has(at + ".workers") {
		s.Workers = DefaultWorkers
	}
	if !c.has(at + ".queue") {
		s.Queue = DefaultQueue
	}
	if !c.has(at + ".cancel") {
		s.Cancel = true
	}
	for j := range s.Endpoints {
		e := &s.Endpoints[j]
		orDefault(&e.Method)
		for k := range e.Calls {
			orDefault(&e.Calls[k].Method)
		}
	}
}

func orDefault(method *string) {
	if *method == "" {
		*method = DefaultMethod
	}
}

func (c *checker) service(i int) {
	s, at := &c.s.Services[i], fmt.Sprintf("services[%d]", i)
	c.label(at+".name", s.Name, true)
	c.label(at+".version", s.Version, false)
	for j := range i {
		if o := &c.s.Services[j]; o.Name == s.Name && o.Version == s.Version {
			c.add(at+".name", "%s stands twice (first as services[%d]); give each a version of its own", s.Workload(), j)
		} else if o.Workload() == s.Workload() {
			c.add(at+".name", "its workload %s is that of services[%d], too; rename one", s.Workload(), j)
		}
	}
	if s.Replicas < 1 || s.Replicas > MaxReplicas {
		c.add(at+".replicas", "%d copies; give 1 to %d", s.Replicas, MaxReplicas)
	}
	if s.Workers < 1 {
		c.add(at+".workers", "%d workers can serve nothing; give at least 1", s.Workers)
	}
	if s.Queue < 0 {
		c.add(at+".queue", "%d is not a queue length; 0 means no queue", s.Queue)
	}
	if len(s.Endpoints) == 0 {
		c.add(at+".endpoints", "missing; give at least one path")
	}
	for j := range s.Endpoints {
		c.endpoint(s, j, fmt.Sprintf("%s.endpoints[%d]", at, j))
	}
}

func (c *checker) endpoint(s *Service, j int, at string) {
	e := &s.Endpoints[j]
	c.path(at+".path", e.Path)
	c.method(at+".method", e.Method)
	for k := range j {
		if o := &s.Endpoints[k]; o.Path == e.Path && o.Method == e.Method {
			c.add(at+".path", "%s %s stands twice in %s", e.Method, e.Path, s.Workload())
		}
	}
	c.share(at+".error_rate", e.ErrorRate)
	c.work(at+".work", e.Work)
	for k, call := range e.Calls {
		c.reference(fmt.Sprintf("%s.calls[%d]", at, k), call.Service, call.Method, call.Path)
	}
}

// reference checks that every version of a service serves the operation.
func (c *checker) reference(at, service, method, path string) {
	c.method(at+".method", method)
	if service == "" {
		c.add(at+".service", "missing")
		return
	}
	versions := c.s.Service(service)
	if len(versions) == 0 {
		c.add(at+".service", "no service %q; there are %s", service, strings.Join(c.s.names(), ", "))
		return
	}
	for _, v := range versions {
		if v.endpoint(method, path) == nil {
			c.add(at+".path", "%s has no endpoint %s %q", v.Workload(), method, path)
		}
	}
}

func (s *Service) endpoint(method, path string) *Endpoint {
	for i := range s.Endpoints {
		if e := &s.Endpoints[i]; e.Method == method && e.Path == path {
			return e
		}
	}
	return nil
}

// names lists the services once each, sorted.
func (s *Scenario) names() []string {
	var out []string
	for i := range s.Services {
		out = append(out, s.Services[i].Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
