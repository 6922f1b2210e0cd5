package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddress(t *testing.T) {
	for _, test := range []struct {
		url, source           string
		socket, request, name string
		private               bool
	}{
		{"unix:///run/a/admin.sock:/stats/prometheus", "", "/run/a/admin.sock", "http://localhost/stats/prometheus", "/run/a/admin.sock", true},
		{"unix:///run/a/admin.sock", "", "/run/a/admin.sock", "http://localhost/stats/prometheus", "/run/a/admin.sock", true},
		{"unix:///run/a/admin.sock:/stats/prometheus?usedonly", "", "/run/a/admin.sock", "http://localhost/stats/prometheus?usedonly", "/run/a/admin.sock", true},
		{"http://127.0.0.1:9901", "envoy", "", "http://127.0.0.1:9901/stats/prometheus", "127.0.0.1:9901", true},
		{"http://[::1]:9901/", "envoy", "", "http://[::1]:9901/stats/prometheus", "[::1]:9901", true},
		{"http://localhost:9901/metrics", "", "", "http://localhost:9901/metrics", "localhost:9901", true},
		{"http://10.0.0.1:15020/stats/prometheus", "istio", "", "http://10.0.0.1:15020/stats/prometheus", "10.0.0.1:15020", false},
		{"https://10.0.0.1:15090", "istio", "", "https://10.0.0.1:15090/stats/prometheus", "10.0.0.1:15090", true},
		{"http://proxy.example", "other", "", "http://proxy.example/metrics", "proxy.example", false},
	} {
		a, err := Target{URL: test.url, Source: test.source}.Address()
		if err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		if a.Socket != test.socket || a.URL.String() != test.request || a.Name() != test.name || a.Private() != test.private {
			t.Errorf("%s: socket %q, %s, name %q, private %v; want %+v", test.url, a.Socket, a.URL, a.Name(), a.Private(), test)
		}
	}
}

func TestAddressErrors(t *testing.T) {
	for url, want := range map[string]string{
		"":                    "want http(s)://host:port/path or unix:///path/of.sock:/path",
		"127.0.0.1:9901":      "first path segment in URL cannot contain colon",
		"ftp://a/b":           "want http(s)://",
		"http://":             "want http(s)://",
		"http://u:secret@a/b": `url: "http://u:xxxxx@a/b": names a user; use bearer_token_file or tls`,
		"http://a/b#c":        "has a fragment",
		"unix://admin.sock":   "the path of a socket must be absolute",
		"unix://":             "the path of a socket must be absolute",
		"unix:///a.sock:/%zz": "invalid URL escape",
		"http://a b/":         "invalid character",
	} {
		err := Target{URL: url}.Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that contains %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells the password: %v", url, err)
		}
	}
}

func TestEqual(t *testing.T) {
	a := Target{URL: "u", Labels: map[string]string{"a": "1"}}
	if !a.Equal(Target{URL: "u", Labels: map[string]string{"a": "1"}}) {
		t.Error("two of a kind differ")
	}
	for _, b := range []Target{{URL: "v"}, {URL: "u"}, {URL: "u", Proxy: "p", Labels: a.Labels}, {URL: "u", Labels: map[string]string{"a": "2"}}} {
		if a.Equal(b) {
			t.Errorf("%+v equals %+v", a, b)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	files := NewFiles(filepath.Join(dir, "*.yaml"))
	read := func(want []Target, wantErr string) {
		t.Helper()
		got, err := files.Read()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
		if wantErr == "" && err != nil || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
			t.Errorf("error %v, want %q", err, wantErr)
		}
	}
	read(nil, "")

	write(t, filepath.Join(dir, "b.yaml"), `
- targets: ['unix:///run/b.sock']
  labels: {proxy: p, node: n, source: envoy}
- targets: ['10.0.0.1:15090', '10.0.0.2:15090']
  labels: {source: istio, mesh: m, __metrics_path__: /stats/prometheus}
`)
	b := []Target{
		{URL: "unix:///run/b.sock", Source: "envoy", Proxy: "p", Node: "n"},
		{URL: "http://10.0.0.1:15090/stats/prometheus", Source: "istio", Labels: map[string]string{"mesh": "m"}},
		{URL: "http://10.0.0.2:15090/stats/prometheus", Source: "istio", Labels: map[string]string{"mesh": "m"}},
	}
	read(b, "")

	// JSON is YAML; files come in the order of their names.
	write(t, filepath.Join(dir, "a.yaml"), `[{"targets": ["127.0.0.1:9901"], "labels": {"__scheme__": "https"}}]`)
	a := Target{URL: "https://127.0.0.1:9901"}
	read(append([]Target{a}, b...), "")

	// A broken file keeps its targets, whatever is wrong with it.
	for text, want := range map[string]string{
		"- targets: ['unix://b.sock']":              "b.yaml:1: [0].targets[0]: url: \"unix://b.sock\": the path of a socket must be absolute",
		"- target: ['unix:///b.sock']":              "b.yaml:1: ",
		"- targets: [":                              "b.yaml",
		"- {targets: ['h:1'], labels: {source: x}}": `source: "x": want one of envoy, istio`,
	} {
		write(t, filepath.Join(dir, "b.yaml"), text)
		read(append([]Target{a}, b...), want)
	}

	write(t, filepath.Join(dir, "b.yaml"), "")
	read([]Target{a}, "")
	if err := os.Remove(filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	read(nil, "")
}
