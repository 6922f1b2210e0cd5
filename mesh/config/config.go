package config

import (
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Config is the objects of a mesh, checked among each other.
type Config struct {
	virtualServices  map[hostName]*virtualService
	destinationRules map[hostName]*destinationRule
	warnings         yamlfile.Errors
}

// Parse reads the documents. The error is a yamlfile.Errors with every finding.
func Parse(docs []yamlfile.Doc) (*Config, error) {
	c := &Config{
		virtualServices:  map[hostName]*virtualService{},
		destinationRules: map[hostName]*destinationRule{},
	}
	var errs yamlfile.Errors
	for _, doc := range docs {
		errs.Add(c.add(doc))
	}
	if len(errs) > 0 {
		return nil, errs
	}
	c.synthesiseSubsets()
	return c, nil
}

// Warnings are findings that do not keep the configuration from being used.
func (c *Config) Warnings() yamlfile.Errors { return c.warnings }

func (c *Config) add(doc yamlfile.Doc) error {
	o, err := decode(doc)
	if err != nil {
		return err
	}
	if o.kind == "DestinationRule" {
		rule, err := readDestinationRule(o)
		if err != nil {
			return err
		}
		return addOnce(c.destinationRules, rule.host, rule, rule.object, "host")
	}
	services, err := readVirtualService(o)
	if err != nil {
		return err
	}
	var errs yamlfile.Errors
	for _, s := range services {
		errs.Add(addOnce(c.virtualServices, s.host, s, s.object, "hosts"))
	}
	return errs.Err()
}

type described interface{ String() string }

// addOnce refuses a second object for the same host: which one wins would
// depend on the order of files.
func addOnce[T described](to map[hostName]T, host hostName, value T, o *object, path string) error {
	if other, taken := to[host]; taken {
		return o.errorf(path, "%s already has %s", host, other.String())
	}
	to[host] = value
	return nil
}

// subsets returns those that the host's rule defines, nil without a rule.
func (c *Config) subsets(host hostName) []*model.Subset {
	if rule := c.destinationRules[host]; rule != nil {
		return rule.subsets
	}
	return nil
}
