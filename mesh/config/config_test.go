package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// workloads are those of the bookinfo example; ports do not matter here.
func workloads() []*model.Workload {
	var out []*model.Workload
	for _, name := range []string{"reviews v1", "reviews v2", "reviews v3", "ratings v1"} {
		service, version, _ := strings.Cut(name, " ")
		port := 21310 + 2*len(out)
		out = append(out, &model.Workload{
			Name: service + "-" + version, Namespace: "default", Service: service, Version: version,
			Address: "127.0.0.1", InboundPort: port, AppPort: port + 1,
		})
	}
	return out
}

// build does what a reader of a file does, and keeps the file's name short.
func build(path string) (*model.Mesh, yamlfile.Errors, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	docs, err := yamlfile.Parse(filepath.Base(path), text)
	if err != nil {
		return nil, nil, err
	}
	c, err := Parse(docs)
	if err != nil {
		return nil, nil, err
	}
	m, err := c.Build("demo", "local", workloads())
	return m, c.Warnings(), err
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no files in testdata/%s: %v", dir, err)
	}
	return list
}

// TestBad holds every file that must be refused to the exact text of why.
func TestBad(t *testing.T) {
	for _, path := range files(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, _, err := build(path)
			if err == nil {
				t.Fatal("accepted")
			}
			golden.Check(t, strings.TrimSuffix(path, ".yaml")+".golden", []byte(err.Error()+"\n"))
		})
	}
}

// TestGood holds services and warnings of every file that is accepted.
func TestGood(t *testing.T) {
	for _, path := range files(t, "good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m, warnings, err := build(path)
			if err != nil {
				t.Fatal(err)
			}
			text := "warnings: " + warnings.Error() + "\nservices: " + brief(t, m.Services) + "\nworkloads: " + brief(t, m.Workloads[:1]) + "\n"
			golden.Check(t, strings.TrimSuffix(path, ".yaml")+".golden", []byte(text))
		})
	}
}

// brief writes a value as JSON without what is zero in it.
func brief(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if text, err = json.MarshalIndent(prune(v), "", " "); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// prune drops zero values and what then is empty; nil is nothing.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			if kept := prune(item); kept == nil {
				delete(v, key)
			} else {
				v[key] = kept
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = prune(v[i])
		}
	case string, float64, bool:
		if v == "" || v == 0.0 || v == false {
			return nil
		}
	}
	return v
}

// route reads a VirtualService of one route with the given fields.
func route(t *testing.T, fields string) *model.Route {
	t.Helper()
	docs, err := yamlfile.Parse("f.yaml", []byte(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec: {hosts: [reviews], http: [{`+fields+`route: [{destination: {host: reviews}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(docs)
	if err != nil {
		t.Fatal(err)
	}
	return c.virtualServices[hostName{"reviews", "default"}].routes[0]
}

// TestRouteSemantics has one case for each sentence of Istio's reference that
// the mesh implements.
func TestRouteSemantics(t *testing.T) {
	harmless := []string{"connect-failure", "refused-stream", "unavailable", "cancelled"}
	for name, tc := range map[string]struct {
		in   string
		want model.Route
	}{
		"no timeout is no timeout, no retries are two harmless ones": {
			"", model.Route{Retry: model.Retry{Attempts: 2, On: harmless}},
		},
		"attempts 0 disables retries": {
			"retries: {attempts: 0}, ", model.Route{Retry: model.Retry{On: harmless}},
		},
		"retries without retryOn take the default conditions": {
			"retries: {attempts: 5, perTryTimeout: 2s}, ",
			model.Route{Retry: model.Retry{Attempts: 5, PerTryTimeout: 2 * time.Second, On: harmless}},
		},
		"numbers in retryOn are status codes": {
			"retries: {attempts: 1, retryOn: '503, gateway-error,429,503'}, ",
			model.Route{Retry: model.Retry{Attempts: 1, On: []string{"gateway-error"}, StatusCodes: []uint32{429, 503}}},
		},
		"durations may be written in any of Go's units": {
			"timeout: 1m30s, retries: {attempts: 1, perTryTimeout: 100ms}, ",
			model.Route{Timeout: 90 * time.Second, Retry: model.Retry{Attempts: 1, PerTryTimeout: 100 * time.Millisecond, On: harmless}},
		},
		"a timeout is that of the whole call": {
			"timeout: 1.5s, ", model.Route{Timeout: 1500 * time.Millisecond, Retry: model.Retry{Attempts: 2, On: harmless}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.want.Name, tc.want.Object = "reviews-0", "VirtualService reviews.default"
			tc.want.Destinations = []model.Destination{{Weight: 100}}
			if diff := cmp.Diff(&tc.want, route(t, tc.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseHost(t *testing.T) {
	for in, want := range map[string]string{
		"ratings":                         "ratings.shop",
		"ratings.books":                   "ratings.books",
		"ratings.books.svc":               "ratings.books",
		"ratings.books.svc.cluster.local": "ratings.books",
	} {
		got, err := parseHost(in, "shop")
		if err != nil || got.String() != want {
			t.Errorf("parseHost(%q) = %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "*", "*.books", "ratings.books.com", ".books", "ratings."} {
		if got, err := parseHost(in, "shop"); err == nil {
			t.Errorf("parseHost(%q) = %v, want an error", in, got)
		}
	}
}

// TestSupportedPaths guards the table against paths that Istio does not have:
// each must lead to a field.
func TestSupportedPaths(t *testing.T) {
	for kind, paths := range supported {
		if newSpec(kind) == nil {
			t.Errorf("%s has no spec", kind)
			continue
		}
		for _, path := range paths {
			d := newSpec(kind).ProtoReflect().Descriptor()
			for step := range strings.SplitSeq(path, ".") {
				name := strings.TrimRight(step, "[]{}")
				if d == nil || d.Fields().ByJSONName(name) == nil {
					t.Errorf("%s has no %s", kind, path)
					break
				}
				f := d.Fields().ByJSONName(name)
				if suffix(f) != strings.TrimPrefix(step, name) {
					t.Errorf("%s: %s must be written %s%s", kind, path, name, suffix(f))
				}
				d = f.Message()
				if f.IsMap() {
					d = f.MapValue().Message()
				}
			}
		}
	}
}

func TestIsSupported(t *testing.T) {
	for path, want := range map[string]bool{
		"http[]": true, "http[].retries": true, "http[].retries.attempts": true,
		"http[].retries.attempts.more": false, "http[].retr": false, "tls[]": false, "http": true,
	} {
		if got := isSupported("VirtualService", path); got != want {
			t.Errorf("isSupported(%q) = %v, want %v", path, got, want)
		}
	}
}

// TestBuildTwice sees that nothing depends on the order of maps.
func TestBuildTwice(t *testing.T) {
	first, _, err := build("testdata/good/bookinfo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := build("testdata/good/bookinfo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}
