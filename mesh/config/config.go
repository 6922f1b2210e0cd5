package config

import (
	"slices"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Config is the objects of a mesh, checked among each other.
type Config struct {
	virtualServices       map[hostName]*virtualService
	destinationRules      map[hostName]*destinationRule
	peerAuthentications   []*peerAuthentication // oldest first
	authorizationPolicies []*authorizationPolicy
	hosts                 hosts // of ServiceEntries
	serviceEntries        map[hostName]*serviceEntry
	workloadEntries       []*workloadEntry
	sidecars              []*sidecar     // oldest first
	telemetries           []*telemetries // oldest first
	mesh                  *meshObject    // nil: none
	workloads             []*workload
	services              map[hostName]*service
	warnings              yamlfile.Errors
}

// Parse reads the documents strictly. The error is a yamlfile.Errors with every
// finding.
func Parse(docs []yamlfile.Doc) (*Config, error) {
	r := Read(docs, Options{})
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.Config, nil
}

// Warnings are findings that do not keep the configuration from being used.
func (c *Config) Warnings() yamlfile.Errors { return c.warnings }

func newConfig() *Config {
	return &Config{
		virtualServices:  map[hostName]*virtualService{},
		destinationRules: map[hostName]*destinationRule{},
		hosts:            hosts{},
		serviceEntries:   map[hostName]*serviceEntry{},
		services:         map[hostName]*service{},
	}
}

// add reads an object into the configuration.
func (c *Config) add(o *object) error {
	switch o.kind {
	case "VirtualService":
		return c.addRoutes(readVirtualService(o, c.hosts))
	case "HTTPRoute":
		return c.addRoutes(readHTTPRoute(o, c.hosts))
	case "DestinationRule":
		rule, err := readDestinationRule(o, c.hosts)
		if err != nil {
			return err
		}
		return addOnce(c.destinationRules, rule.host, rule, o, "host")
	case "PeerAuthentication":
		return appendRead(&c.peerAuthentications, o, readPeerAuthentication)
	case "AuthorizationPolicy":
		return appendRead(&c.authorizationPolicies, o, readAuthorizationPolicy)
	case "ServiceEntry":
		return c.addServiceEntry(o)
	case "WorkloadEntry":
		return appendRead(&c.workloadEntries, o, readWorkloadEntry)
	case "Sidecar":
		return appendRead(&c.sidecars, o, readSidecar)
	case "Telemetry":
		return appendRead(&c.telemetries, o, readTelemetry)
	case "Mesh":
		return c.addMesh(o)
	case "Workload":
		return appendRead(&c.workloads, o, readWorkload)
	}
	s, err := readService(o)
	if err != nil {
		return err
	}
	return addOnce(c.services, hostName{o.name, o.namespace}, s, o, "")
}

func appendRead[T any](to *[]T, o *object, read func(*object) (T, error)) error {
	v, err := read(o)
	if err == nil {
		*to = append(*to, v)
	}
	return err
}

func (c *Config) addRoutes(services []*virtualService, err error) error {
	if err != nil {
		return err
	}
	for _, s := range services {
		if err := addOnce(c.virtualServices, s.host, s, s.object, s.hostsPath()); err != nil {
			return err
		}
	}
	return nil
}

type described interface{ String() string }

// conflict is what is wrong with an object that another one excludes.
type conflict struct{ finding *yamlfile.Error }

func (c conflict) Error() string { return c.finding.Error() }
func (c conflict) Unwrap() error { return c.finding }

// addOnce refuses a second object for the same host: which one wins would
// depend on the order of files.
func addOnce[T described](to map[hostName]T, host hostName, value T, o *object, path string) error {
	if other, taken := to[host]; taken {
		return conflict{o.errorf(path, "%s already has %s", host, other.String())}
	}
	to[host] = value
	return nil
}

// finish puts the objects in their order, once all are read.
func (c *Config) finish() {
	slices.SortStableFunc(c.peerAuthentications, func(a, b *peerAuthentication) int { return older(a.object, b.object) })
	slices.SortStableFunc(c.authorizationPolicies, func(a, b *authorizationPolicy) int { return older(a.object, b.object) })
	slices.SortStableFunc(c.sidecars, func(a, b *sidecar) int { return older(a.object, b.object) })
	slices.SortStableFunc(c.telemetries, func(a, b *telemetries) int { return older(a.object, b.object) })
	c.synthesiseSubsets()
}
