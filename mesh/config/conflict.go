package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// scopes finds objects of which only the oldest holds: two of one kind,
// namespace and selector.
type scopes struct {
	holders  map[string]*object
	warnings yamlfile.Errors
	losers   []*object
}

// add takes the objects oldest first.
func (s *scopes) add(o *object, labels map[string]string) {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	scope := fmt.Sprintf("%s %s %s", o.kind, o.namespace, strings.Join(parts, ","))
	if s.holders == nil {
		s.holders = map[string]*object{}
	}
	if first := s.holders[scope]; first != nil {
		s.warnings.Add(o.doc.Errorf("metadata.name", "%s is older and has the same scope; this object does nothing", first))
		s.losers = append(s.losers, o)
		return
	}
	s.holders[scope] = o
}

// overshadowed returns the objects that an older one of the same scope leaves
// without effect, and a warning for each.
func (c *Config) overshadowed() ([]*object, yamlfile.Errors) {
	var s scopes
	for _, p := range c.peerAuthentications {
		s.add(p.object, p.labels)
	}
	for _, p := range c.sidecars {
		s.add(p.object, p.labels)
	}
	for _, t := range c.telemetries {
		s.add(t.object, t.labels)
	}
	return s.losers, s.warnings
}
