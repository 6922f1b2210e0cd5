package envoyconf_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// options holds paths that no machine has, so that goldens are the same
// everywhere.
var options = envoyconf.Options{
	Dir:         "/var/lib/plimsoll/proxy",
	AdminSocket: "/var/lib/plimsoll/proxy/admin.sock",
	Collector:   "127.0.0.1:18091",
}

func checkFile(t *testing.T, name string, m proto.Message) {
	t.Helper()
	got, err := envoyconf.JSON(m)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".golden.json")
	golden.Check(t, path, got)
}

// validate lets Envoy check a golden bootstrap. Envoy opens the files that it
// names, so they are put below a directory of the test's own.
func validate(t *testing.T, m *model.Mesh, workload string) {
	t.Helper()
	root := t.TempDir()
	text, err := os.ReadFile(filepath.Join("testdata", "bootstrap-"+workload+".golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "bootstrap.json"), []byte(strings.ReplaceAll(string(text), `"/var/`, `"`+root+"/var/")))
	write(t, filepath.Join(root, "var/log/plimsoll/log"), nil)
	dir := filepath.Join(root, options.Dir)
	w := m.Workload("default", workload)
	var services []*model.Service
	for _, u := range w.Upstreams {
		s := m.Service(u.Namespace, u.Service)
		services = append(services, s)
		routes, err := envoyconf.RouteConfig(m, w, s)
		if err != nil {
			t.Fatal(err)
		}
		write(t, envoyconf.RouteFile(dir, s), discovery(t, routes))
	}
	layer, err := envoyconf.Runtime(services, services)
	if err != nil {
		t.Fatal(err)
	}
	write(t, envoyconf.RuntimeFile(dir), discovery(t, layer))
	envoytest.Validate(t, filepath.Join(root, "bootstrap.json"))
}

func discovery(t *testing.T, m proto.Message) []byte {
	t.Helper()
	response, _, err := envoyconf.Discovery(m)
	if err != nil {
		t.Fatal(err)
	}
	text, err := envoyconf.JSON(response)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBootstrap holds the whole start-up file of three kinds of workload to its
// golden, and lets Envoy itself check each.
func TestBootstrap(t *testing.T) {
	m := envoytest.Mesh()
	for name, o := range map[string]envoyconf.Options{
		"productpage": options,
		"reviews-v2":  {Dir: options.Dir, AdminSocket: options.AdminSocket, Collector: "/run/plimsoll/als.sock", AccessLogFile: "/var/log/plimsoll/reviews-v2"},
		"ratings-v1":  {Dir: options.Dir, AdminSocket: options.AdminSocket, Collector: "collector.local:18091"},
	} {
		t.Run(name, func(t *testing.T) {
			boot, err := envoyconf.Bootstrap(m, m.Workload("default", name), o)
			if err != nil {
				t.Fatal(err)
			}
			checkFile(t, "bootstrap-"+name, boot)
			validate(t, m, name)
		})
	}
}

func TestRouteConfig(t *testing.T) {
	m := envoytest.Mesh()
	for name, caller := range map[string]string{"reviews": "productpage", "ratings": "reviews-v2"} {
		t.Run(name, func(t *testing.T) {
			config, err := envoyconf.RouteConfig(m, m.Workload("default", caller), m.Service("default", name))
			if err != nil {
				t.Fatal(err)
			}
			checkFile(t, "routes-"+name, config)
		})
	}
}

func TestRuntime(t *testing.T) {
	m := envoytest.Mesh()
	started := []*model.Service{m.Service("default", "reviews"), m.Service("default", "ratings")}
	limit := uint32(20)
	want := []*model.Service{
		model.Override{MaxRequests: &limit}.Apply(started[0], "", 1),
		model.Override{RetryBudget: &model.RetryBudget{Percent: 20, MinConcurrency: 3}, MaxRequests: &limit}.Apply(started[1], "", 2),
	}
	layer, err := envoyconf.Runtime(started, want)
	if err != nil {
		t.Fatal(err)
	}
	checkFile(t, "runtime", layer)
}
