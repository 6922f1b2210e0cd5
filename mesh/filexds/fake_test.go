package filexds

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
)

// fakeProxy answers the admin questions that a Plane asks, from the files that
// it finds, as Envoy does. It may be told to refuse what it reads, or not to
// read at all.
type fakeProxy struct {
	paths Paths

	mu       sync.Mutex
	mood     mood
	runtime  string
	routes   map[string]string
	refusals map[string]int // by "runtime" or "routes"
	seen     map[string]string
}

type mood int

const (
	willing mood = iota
	refusesRuntime
	refusesRoutes
	stuck
)

// response is what the fake reads of a file.
type response struct {
	Version   string `json:"version_info"`
	Resources []struct {
		Name  string         `json:"name"`
		Layer map[string]any `json:"layer"`
	} `json:"resources"`
}

func startFake(t *testing.T, paths Paths) *fakeProxy {
	t.Helper()
	f := &fakeProxy{paths: paths, routes: map[string]string{}, refusals: map[string]int{}, seen: map[string]string{}}
	l, err := net.Listen("unix", paths.AdminSocket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(f)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return f
}

func (f *fakeProxy) is(m mood) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mood = m
}

// ServeHTTP implements http.Handler.
func (f *fakeProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read()
	switch r.URL.Path {
	case "/runtime":
		fmt.Fprintf(w, `{"entries": {%q: {"final_value": %q}}}`, envoyconf.VersionKey, f.runtime)
	case "/config_dump":
		configs := []any{}
		for name, version := range f.routes {
			configs = append(configs, map[string]any{"version_info": version, "route_config": map[string]any{"name": name}})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"configs": configs})
	case "/stats":
		kind := map[string]string{runtimeRefused: "runtime", routesRefused: "routes"}[r.URL.Query().Get("filter")]
		fmt.Fprintf(w, `{"stats": [{"name": %q, "value": %d}]}`, kind+".update_rejected", f.refusals[kind])
	default:
		http.NotFound(w, r)
	}
}

// read looks at each file that changed since it was last read.
func (f *fakeProxy) read() {
	if f.mood == stuck {
		return
	}
	files, _ := filepath.Glob(filepath.Join(f.paths.Dir, "routes", "*.json"))
	for _, path := range append(files, envoyconf.RuntimeFile(f.paths.Dir)) {
		text, err := os.ReadFile(path)
		if err != nil || f.seen[path] == string(text) {
			continue
		}
		f.seen[path] = string(text)
		var r response
		if err := json.Unmarshal(text, &r); err != nil || len(r.Resources) != 1 {
			f.refusals["routes"]++
			continue
		}
		f.take(r)
	}
}

func (f *fakeProxy) take(r response) {
	resource := r.Resources[0]
	version, isRuntime := resource.Layer[envoyconf.VersionKey].(string)
	switch {
	case isRuntime && f.mood == refusesRuntime && f.runtime != "":
		f.refusals["runtime"]++
	case isRuntime:
		f.runtime = version
	case f.mood == refusesRoutes && f.routes[resource.Name] != "":
		f.refusals["routes"]++
	default:
		f.routes[resource.Name] = r.Version
	}
}
