package config

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// TestOrderOfDocuments sees that files may be read in any order: the mesh and
// the warnings are the same.
func TestOrderOfDocuments(t *testing.T) {
	docs, err := yamlfile.Parse("f.yaml", []byte(
		rule(", subsets: [{name: v1, labels: {track: stable}}]")+
			routesOf("ratings", "{route: [{destination: {host: ratings, subset: v1}, weight: 1}, {destination: {host: ratings, subset: v9}, weight: 1}]}")+
			routesOf("reviews", "{route: [{destination: {host: reviews, subset: v8}, weight: 1}, {destination: {host: reviews, subset: v9}, weight: 1}]}")))
	if err != nil {
		t.Fatal(err)
	}
	var want string
	shuffled := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		shuffled.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
		c, err := Parse(docs)
		if err != nil {
			t.Fatal(err)
		}
		m, err := c.Build("demo", "local", workloads())
		if err != nil {
			t.Fatal(err)
		}
		got := c.Warnings().Error() + describe(t, m)
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

func describe(t *testing.T, m *model.Mesh) string {
	t.Helper()
	text, err := json.MarshalIndent(m.Services, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEveryOtherFieldIsRefused walks all that Istio's types know, and sees that
// a field which the table does not name is refused at its path, however near its
// name is to one that is kept.
func TestEveryOtherFieldIsRefused(t *testing.T) {
	// PeerAuthentication is kept as a whole.
	least := map[string]int{
		"VirtualService": 15, "DestinationRule": 40, "AuthorizationPolicy": 12, "ServiceEntry": 3,
		"WorkloadEntry": 2, "Sidecar": 6, "Telemetry": 14, "PeerAuthentication": 0,
	}
	for kind := range supported {
		docs, err := yamlfile.Parse("f.yaml", []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		eachField(newSpec(kind).ProtoReflect().Descriptor(), "", 5, func(path string, values func(leaf any) map[string]any) bool {
			if kept(kind, path) {
				return true
			}
			refused++
			w := walker{doc: docs[0], kind: kind}
			w.message(newSpec(kind).ProtoReflect().Descriptor(), values("x"), "", "")
			if len(w.errs) != 1 || !strings.HasSuffix(w.errs[0].Error(), ": not supported by the small mesh") {
				t.Errorf("%s %s: %v, want it refused", kind, path, w.errs)
			}
			return false
		})
		if refused < least[kind] {
			t.Errorf("%s: %d fields refused; the walk misses some", kind, refused)
		}
	}
}

// kept compares step by step, as a person reads the table.
func kept(kind, path string) bool {
	steps := strings.Split(path, ".")
	for _, entry := range supported[kind] {
		if list := strings.Split(entry, "."); len(list) >= len(steps) && cmp.Equal(list[:len(steps)], steps) {
			return true
		}
	}
	return false
}

// eachField visits the fields of a message, and those below each that visit
// wants to enter. values returns a document that sets a field to leaf.
func eachField(d protoreflect.MessageDescriptor, above string, depth int, visit func(path string, values func(leaf any) map[string]any) bool) {
	walkFields(d, above, depth, func(leaf any) map[string]any { return leaf.(map[string]any) }, visit)
}

func walkFields(d protoreflect.MessageDescriptor, above string, depth int, wrap func(any) map[string]any, visit func(string, func(any) map[string]any) bool) {
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		name, path := f.JSONName(), join(above, f.JSONName())+suffix(f)
		values := func(leaf any) map[string]any {
			switch {
			case f.IsList():
				leaf = []any{leaf}
			case f.IsMap():
				leaf = map[string]any{"key": leaf}
			}
			return wrap(map[string]any{name: leaf})
		}
		below := f.Message()
		if f.IsMap() {
			below = f.MapValue().Message()
		}
		if visit(path, values) && below != nil && depth > 0 {
			walkFields(below, path, depth-1, values, visit)
		}
	}
}
