package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// TestClassic reads the three documents of the classic introduction as they
// stand, together.
func TestClassic(t *testing.T) {
	var docs []yamlfile.Doc
	for _, path := range files(t, "classic") {
		list, err := yamlfile.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, list...)
	}
	c, err := Parse(docs)
	if err != nil {
		t.Fatal(err)
	}
	page := &model.Workload{
		Name: "productpage-v1", Namespace: "default", Service: "productpage", Version: "v1", Address: "127.0.0.1",
		InboundPort: 31000, AppPort: 31001, Upstreams: []model.Upstream{{Service: "reviews", Namespace: "default", LocalPort: 31002}},
	}
	m, err := c.Build("demo", "local", append(workloads(), page))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the user agent curl gets v2, the rest v1", func(t *testing.T) {
		routes := m.Service("default", "reviews").Routes
		if diff := cmp.Diff([]model.Match{{Headers: []model.HeaderMatch{{Name: "user-agent", Exact: "curl"}}}}, routes[0].Matches); diff != "" {
			t.Error(diff)
		}
		if routes[0].Destinations[0].Subset != "v2" || routes[1].Destinations[0].Subset != "v1" || routes[1].Matches != nil {
			t.Errorf("destinations %v, %v", routes[0].Destinations, routes[1].Destinations)
		}
	})
	t.Run("subsets that no rule defines are taken by version, with a warning", func(t *testing.T) {
		for _, version := range []string{"v1", "v2"} {
			s := m.Service("default", "reviews")
			if got := m.Instances(s, s.Subset(version).Labels); len(got) != 1 || got[0].Version != version {
				t.Errorf("subset %s has %v", version, got)
			}
		}
		if len(c.Warnings()) != 2 {
			t.Errorf("warnings: %v", c.Warnings())
		}
	})
	t.Run("every workload of the namespace is STRICT", func(t *testing.T) {
		for _, w := range m.Workloads {
			if w.PeerMode != model.PeerStrict {
				t.Errorf("%s takes %s", w.Name, w.PeerMode)
			}
		}
	})
	t.Run("productpage is called with mutual TLS", func(t *testing.T) {
		want := &model.ClientTLS{Mode: model.TLSIstioMutual}
		if diff := cmp.Diff(want, m.Service("default", "productpage").Policy.TLS); diff != "" {
			t.Error(diff)
		}
	})
	if page.PeerMode != "" {
		t.Error("Build changed a workload that it was given")
	}
}
