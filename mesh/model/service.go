package model

import "fmt"

// VersionLabel is the label that tells versions of a service apart.
const VersionLabel = "version"

// HTTPPort is the port of a service where nothing names one: with explicit
// local ports nobody dials it, it only stands in cluster names.
const HTTPPort = 80

// Service is a name that workloads call.
type Service struct {
	Name, Namespace string
	Port            int
	Subsets         []*Subset // besides the whole
	Routes          []*Route  // the first that matches wins; never empty
	Policy          Policy
	External        *External // nil: workloads of the mesh offer it
}

// Subset is the part of a service whose workloads carry all Labels.
type Subset struct {
	Name   string
	Labels map[string]string
	Policy *Policy // nil: the service's
}

// PolicyOf returns the limits towards a subset, "" being the whole.
func (s *Service) PolicyOf(subset string) Policy {
	if sub := s.Subset(subset); sub != nil && sub.Policy != nil {
		return *sub.Policy
	}
	return s.Policy
}

// Subset returns the subset, nil if there is none of that name.
func (s *Service) Subset(name string) *Subset {
	for _, sub := range s.Subsets {
		if sub.Name == name {
			return sub
		}
	}
	return nil
}

// Host returns "service.namespace", or the name of an external service, which
// has no namespace on the wire.
func (s *Service) Host() string {
	if s.External != nil {
		return s.Name
	}
	return s.Name + "." + s.Namespace
}

// ClusterName returns the Envoy cluster of a subset, "" being the whole:
// "outbound|<port>|<subset>|<service>.<namespace>" (the form of Istio's
// pilot/pkg/model BuildSubsetKey).
func (s *Service) ClusterName(subset string) string {
	return fmt.Sprintf("outbound|%d|%s|%s", s.Port, subset, s.Host())
}

// ClusterNames returns the clusters of the service, the whole first.
func (s *Service) ClusterNames() []string {
	names := []string{s.ClusterName("")}
	for _, sub := range s.Subsets {
		names = append(names, s.ClusterName(sub.Name))
	}
	return names
}

// Route returns the first route of that name, nil if there is none.
func (s *Service) Route(name string) *Route {
	for _, r := range s.Routes {
		if r.Name == name {
			return r
		}
	}
	return nil
}
