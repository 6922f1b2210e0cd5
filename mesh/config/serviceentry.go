package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// serviceEntry is one host outside the mesh.
type serviceEntry struct {
	*object
	host     hostName
	port     int
	external model.External
	target   int               // port of endpoints that name none
	portName string            // by which endpoints name theirs
	selector map[string]string // nil: its own endpoints
}

// workloadEntry is an address that ServiceEntries select.
type workloadEntry struct {
	*object
	spec *networkingv1.WorkloadEntry
}

func readWorkloadEntry(o *object) (*workloadEntry, error) {
	w := &workloadEntry{object: o, spec: o.spec.(*networkingv1.WorkloadEntry)}
	f := findings{object: o}
	if w.spec.GetAddress() == "" {
		f.bad("address", "must be set")
	}
	f.endpointPorts(w.spec, "")
	return w, f.errs.Err()
}

func (c *Config) addServiceEntry(o *object) error {
	entries, err := readServiceEntry(o)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if other, taken := c.hosts[e.host.name]; taken {
			return conflict{o.errorf("hosts", "%s already has %s", e.host.name, c.serviceEntries[other])}
		}
		c.hosts[e.host.name], c.serviceEntries[e.host] = e.host, e
	}
	return nil
}

// readServiceEntry returns one per host.
func readServiceEntry(o *object) ([]*serviceEntry, error) {
	spec := o.spec.(*networkingv1.ServiceEntry)
	f := findings{object: o}
	f.everywhere(spec.GetExportTo())
	base := serviceEntry{object: o, external: model.External{
		Internal:        spec.GetLocation() == networkingv1.ServiceEntry_MESH_INTERNAL,
		SubjectAltNames: spec.GetSubjectAltNames(),
	}}
	if s := spec.GetWorkloadSelector(); s != nil {
		base.selector = s.GetLabels()
		if len(base.selector) == 0 {
			f.bad("workloadSelector", "must have labels")
		}
		if len(spec.GetEndpoints()) > 0 {
			f.bad("workloadSelector", "excludes endpoints")
		}
	}
	f.entryPort(spec, &base)
	f.resolution(spec, &base)
	var out []*serviceEntry
	for i, host := range spec.GetHosts() {
		if !dnsName.MatchString(host) {
			f.bad(fmt.Sprintf("hosts[%d]", i), "%q is no name of a host; wildcards are %s", host, unsupported)
		}
		e := base
		e.host = hostName{host, o.namespace}
		if len(e.external.Endpoints) == 0 && e.selector == nil {
			e.external.Endpoints = []model.Endpoint{{Address: host, Port: base.target}}
		}
		out = append(out, &e)
	}
	if len(out) == 0 {
		f.bad("hosts", "must name a host")
	}
	return out, f.errs.Err()
}

// entryPort reads the only port: a proxy has one local port for each service.
func (f *findings) entryPort(spec *networkingv1.ServiceEntry, to *serviceEntry) {
	if len(spec.GetPorts()) == 0 {
		f.bad("ports", "must name a port")
		return
	}
	if len(spec.GetPorts()) > 1 {
		f.bad("ports[1]", "a second port is %s; write a ServiceEntry for each", unsupported)
	}
	p := spec.GetPorts()[0]
	to.port, to.target, to.portName = int(p.GetNumber()), int(p.GetTargetPort()), p.GetName()
	if to.target == 0 {
		to.target = to.port
	}
	if to.port < 1 || to.port > 65535 || to.target > 65535 {
		f.bad("ports[0]", "%d is not a port", max(to.port, to.target))
	}
	switch protocol := strings.ToUpper(p.GetProtocol()); protocol {
	case "HTTP":
	case "HTTP2", "GRPC":
		to.external.HTTP2 = true
	default:
		f.bad("ports[0].protocol", "%q is %s; it knows HTTP, HTTP2 and GRPC, with TLS by a DestinationRule", p.GetProtocol(), unsupported)
	}
}

func (f *findings) resolution(spec *networkingv1.ServiceEntry, to *serviceEntry) {
	to.external.Resolution = model.Resolution(spec.GetResolution().String())
	static := false
	switch spec.GetResolution() {
	case networkingv1.ServiceEntry_STATIC:
		static = true
		if len(spec.GetEndpoints()) == 0 && spec.GetWorkloadSelector() == nil {
			f.bad("endpoints", "must be set for STATIC")
		}
	case networkingv1.ServiceEntry_DNS, networkingv1.ServiceEntry_DNS_ROUND_ROBIN:
	default:
		f.bad("resolution", "%s is %s; it knows STATIC, DNS and DNS_ROUND_ROBIN", spec.GetResolution(), unsupported)
	}
	for i, e := range spec.GetEndpoints() {
		at := fmt.Sprintf("endpoints[%d]", i)
		f.address(e.GetAddress(), static, at+".address")
		f.endpointPorts(e, at+".")
		to.external.Endpoints = append(to.external.Endpoints, to.endpoint(e))
	}
}

func (f *findings) address(address string, static bool, at string) {
	_, err := netip.ParseAddr(address)
	switch {
	case err == nil:
	case static:
		f.bad(at, "%q is no IP, as STATIC needs", address)
	case !dnsName.MatchString(address):
		f.bad(at, "%q is neither an IP nor a name of a host", address)
	}
}

func (f *findings) endpointPorts(e *networkingv1.WorkloadEntry, at string) {
	for _, name := range slices.Sorted(maps.Keys(e.GetPorts())) {
		if port := e.GetPorts()[name]; port < 1 || port > 65535 {
			f.bad(at+"ports."+name, "%d is not a port", port)
		}
	}
}

func (s *serviceEntry) endpoint(e *networkingv1.WorkloadEntry) model.Endpoint {
	out := model.Endpoint{
		Address: e.GetAddress(), Port: s.target, Labels: e.GetLabels(),
		Weight: e.GetWeight(), ServiceAccount: e.GetServiceAccount(),
	}
	if port, ok := e.GetPorts()[s.portName]; ok {
		out.Port = int(port)
	}
	return out
}

// endpoints are the entry's own, or those that it selects in its namespace:
// WorkloadEntries, and workloads by the ports of their proxies.
func (c *Config) endpoints(s *serviceEntry, workloads []*model.Workload) []model.Endpoint {
	if s.selector == nil {
		return s.external.Endpoints
	}
	var out []model.Endpoint
	for _, e := range c.workloadEntries {
		if e.namespace == s.namespace && (&model.Workload{Labels: e.spec.GetLabels()}).Has(s.selector) {
			out = append(out, s.endpoint(e.spec))
		}
	}
	for _, w := range workloads {
		if w.Namespace == s.namespace && w.Has(s.selector) {
			out = append(out, model.Endpoint{Address: w.Address, Port: w.InboundPort, Labels: w.Labels, ServiceAccount: w.ServiceAccount})
		}
	}
	return out
}
