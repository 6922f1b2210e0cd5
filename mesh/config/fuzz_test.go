package config

import (
	"os"
	"slices"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// FuzzParse gives any text to the reader. It must refuse or accept, never
// panic, and Envoy's own validators must pass what it accepts.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"good", "bad", "classic"} {
		entries, err := os.ReadDir("testdata/" + dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			text, err := os.ReadFile("testdata/" + dir + "/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		docs, err := yamlfile.Parse("f.yaml", text)
		if err != nil {
			return
		}
		c, err := Parse(docs)
		if err != nil {
			return
		}
		m, err := c.Build("demo", "local", workloads())
		if err != nil {
			return
		}
		for _, s := range m.Services {
			if slices.ContainsFunc(s.Routes, func(r *model.Route) bool { return !r.Forwards() }) {
				continue // answers are not rendered yet
			}
			if _, err := envoyconf.RouteConfig(m, m.Workloads[0], s); err != nil {
				t.Errorf("accepted, but cannot be rendered: %v\n%s", err, text)
			}
		}
	})
}
