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
				if d.Subset == "" || c.defines(service.host, d.Subset) {
					continue
				}
				c.define(service.host, d.Subset)
				c.warnings.Add(service.errorf(fmt.Sprintf("http[%d].route[%d].destination.subset", i, j),
					"no DestinationRule of %s defines subset %q; taking the workloads with the label %s=%s",
					service.host, d.Subset, model.VersionLabel, d.Subset))
			}
		}
	}
	slices.SortFunc(c.warnings, compareErrors)
}

func (c *Config) defines(host hostName, subset string) bool {
	return slices.ContainsFunc(c.subsets(host), func(s *model.Subset) bool { return s.Name == subset })
}

func (c *Config) define(host hostName, subset string) {
	rule := c.destinationRules[host]
	if rule == nil {
		rule = &destinationRule{host: host, policy: model.DefaultPolicy()}
		c.destinationRules[host] = rule
	}
	rule.subsets = append(rule.subsets, &model.Subset{
		Name:   subset,
		Labels: map[string]string{model.VersionLabel: subset},
	})
}
