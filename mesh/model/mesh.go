package model

import "time"

// Mesh is everything that the proxies are configured from.
type Mesh struct {
	Name    string // mesh id, the first part of every node id
	Cluster string // cluster id, the second part
	// TrustDomain is that of the SPIFFE IDs; "" in a mesh without identities.
	TrustDomain    string
	RootNamespace  string        // whose policies hold for every namespace; "": none
	CertificateTTL time.Duration // 0: the authority's own
	Workloads      []*Workload
	Services       []*Service
}

// Workload is one running copy of an application with its proxy beside it.
type Workload struct {
	Name, Namespace string
	Instance        string // tells copies of one workload apart; "": the only one
	Service         string // short name of the service it belongs to
	Version         string
	ServiceAccount  string
	Labels          map[string]string // what subsets select by
	Address         string            // IP on which the proxy takes calls of others
	InboundPort     int               // port of the proxy at Address
	AppPort         int               // port of the application at 127.0.0.1
	Upstreams       []Upstream        // the services it calls
	PeerMode        PeerMode          // what its inbound port takes; "" is PERMISSIVE
	Authorization   Authorization
	Telemetry       Telemetry
	RateLimit       *RateLimit // of calls that arrive; nil: none
	Scoped          bool       // a Sidecar holds; it sees Egress and nothing else
	Egress          []EgressHost
}

// Principal returns the workload's identity as policies write it, without
// "spiffe://".
func (m *Mesh) Principal(w *Workload) string {
	return m.TrustDomain + "/ns/" + w.Namespace + "/sa/" + w.Account()
}

// Account returns the service account, "default" where none is set.
func (w *Workload) Account() string {
	if w.ServiceAccount == "" {
		return "default"
	}
	return w.ServiceAccount
}

// Upstream is a service that a workload calls, and the port at 127.0.0.1 on
// which its proxy takes those calls.
type Upstream struct {
	Service, Namespace string
	LocalPort          int
}

func (u Upstream) sameService(other Upstream) bool {
	return u.Service == other.Service && u.Namespace == other.Namespace
}

// ID returns the node id "mesh/cluster/namespace/workload", which all copies of
// a workload share.
func (m *Mesh) ID(w *Workload) string {
	return m.Name + "/" + m.Cluster + "/" + w.Namespace + "/" + w.Name
}

// Service returns the service, nil if the mesh has none of that name.
func (m *Mesh) Service(namespace, name string) *Service {
	for _, s := range m.Services {
		if s.Namespace == namespace && s.Name == name {
			return s
		}
	}
	return nil
}

// InstanceName names this copy: Instance, or Name for the only one.
func (w *Workload) InstanceName() string {
	if w.Instance != "" {
		return w.Instance
	}
	return w.Name
}

// Workload returns the copy of a workload with that instance name, nil if the
// mesh has none.
func (m *Mesh) Workload(namespace, instance string) *Workload {
	for _, w := range m.Workloads {
		if w.Namespace == namespace && w.InstanceName() == instance {
			return w
		}
	}
	return nil
}

// Instances returns the workloads of the service that carry all of labels, in
// the mesh's order.
func (m *Mesh) Instances(s *Service, labels map[string]string) []*Workload {
	var out []*Workload
	for _, w := range m.Workloads {
		if w.Service == s.Name && w.Namespace == s.Namespace && w.matches(labels) {
			out = append(out, w)
		}
	}
	return out
}

// Callers returns the workloads of service src in namespace that call dst.
func (m *Mesh) Callers(namespace, src string, dst *Service) []*Workload {
	var out []*Workload
	for _, w := range m.Workloads {
		if w.Service == src && w.Namespace == namespace && w.Calls(dst) {
			out = append(out, w)
		}
	}
	return out
}

// Calls tells whether the service is one of the workload's upstreams.
func (w *Workload) Calls(s *Service) bool {
	for _, u := range w.Upstreams {
		if u.Service == s.Name && u.Namespace == s.Namespace {
			return true
		}
	}
	return false
}

// Has tells whether the workload carries all of labels.
func (w *Workload) Has(labels map[string]string) bool { return w.matches(labels) }

// matches compares with the workload's labels; "version" falls back to the
// Version field, so that a workload need not say it twice.
func (w *Workload) matches(labels map[string]string) bool {
	for key, want := range labels {
		got, ok := w.Labels[key]
		if !ok && key == VersionLabel {
			got, ok = w.Version, w.Version != ""
		}
		if !ok || got != want {
			return false
		}
	}
	return true
}
