package config

import (
	"fmt"
	"slices"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// synthesiseSubsets gives a route that leads to a subset nobody defines the
// workloads whose version has that name. In Istio such a route answers 503,
// which no author of one can have meant.
func (c *Config) synthesiseSubsets() {
	for _, service := range c.virtualServices {
		for i, route := range service.routes {
			for j, d := range route.Destinations {
				c.synthesise(service, d, fmt.Sprintf("http[%d].route[%d].destination.subset", i, j))
			}
			for _, mirror := range route.Mirrors {
				c.synthesise(service, mirror.To, fmt.Sprintf("http[%d].mirrors", i))
			}
		}
	}
	slices.SortFunc(c.warnings, compareErrors)
}

func (c *Config) synthesise(from *virtualService, d model.Destination, at string) {
	host := from.host
	if d.Service != "" {
		host = hostName{d.Service, d.Namespace}
	}
	if d.Subset == "" || c.defines(host, d.Subset) {
		return
	}
	rule := c.destinationRules[host]
	if rule == nil {
		rule = &destinationRule{host: host}
		c.destinationRules[host] = rule
	}
	rule.subsets = append(rule.subsets, &subset{name: d.Subset, labels: map[string]string{model.VersionLabel: d.Subset}})
	c.warnings.Add(from.errorf(at, "no DestinationRule of %s defines subset %q; taking the workloads with the label %s=%s",
		host, d.Subset, model.VersionLabel, d.Subset))
}

func (c *Config) defines(host hostName, name string) bool {
	rule := c.destinationRules[host]
	return rule != nil && slices.ContainsFunc(rule.subsets, func(s *subset) bool { return s.name == name })
}

// subsets returns those of a host, nil without a rule.
func (c *Config) subsets(host hostName) []*model.Subset {
	if rule := c.destinationRules[host]; rule != nil {
		return rule.modelSubsets(model.HTTPPort)
	}
	return nil
}
