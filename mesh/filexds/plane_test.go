package filexds

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "secret"

// newPlane writes the files of the small mesh below a short directory.
func newPlane(t *testing.T, m *model.Mesh) *Plane {
	t.Helper()
	p, err := New(m, t.TempDir(), Options{Collector: "127.0.0.1:1", SocketDir: shortDir(t), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// shortDir returns a directory whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// contents returns all files of the plane but logs and sockets, by relative
// path.
func contents(t *testing.T, p *Plane) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, x := range p.proxies {
		err := filepath.Walk(x.paths.Dir, func(path string, info os.FileInfo, err error) error {
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			rel, _ := filepath.Rel(filepath.Dir(x.paths.Dir), path)
			out[rel] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestWrite(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	files := contents(t, p)
	for _, name := range []string{
		"productpage.default/bootstrap.json",
		"productpage.default/runtime.json",
		"productpage.default/routes/reviews.default.json",
		"reviews-v2.default/routes/ratings.default.json",
		"ratings-v1.default/bootstrap.json",
	} {
		if files[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if want := 5 + 5 + 3; len(files) != want {
		t.Errorf("%d files, want %d", len(files), want)
	}
}

// TestWriteIsPrivate sees that nobody else may read what the proxies know.
func TestWriteIsPrivate(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	err := filepath.Walk(p.proxies[0].paths.Dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteTwiceIsTheSame(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	first := contents(t, p)
	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, contents(t, p)); diff != "" {
		t.Error(diff)
	}
}

func TestWriteStops(t *testing.T) {
	p := newPlane(t, envoytest.Mesh())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Write(ctx); err == nil {
		t.Error("wrote on, after the context had ended")
	}
}

func TestNewRefuses(t *testing.T) {
	valid := Options{Collector: "127.0.0.1:1"}
	broken := envoytest.Mesh()
	broken.Workloads[0].Upstreams[0].Service = "nowhere"
	for name, tc := range map[string]struct {
		mesh *model.Mesh
		dir  string
		want string
	}{
		"relative path":  {envoytest.Mesh(), "proxies", "must be absolute"},
		"long path":      {envoytest.Mesh(), "/" + strings.Repeat("long/", 20), "choose a shorter directory"},
		"contradictions": {broken, "/tmp", "calls nowhere.default, which no workload offers"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(tc.mesh, tc.dir, valid)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestWriteRefusesBadCollector(t *testing.T) {
	p, err := New(envoytest.Mesh(), t.TempDir(), Options{Collector: "nonsense", SocketDir: "/tmp"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context()); err == nil || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("error = %v, want one that names the address", err)
	}
}

func TestPaths(t *testing.T) {
	m := envoytest.Mesh()
	p, err := New(m, "/run/mesh", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := p.Paths(m.Workloads[4])
	want := Paths{
		Dir:         "/run/mesh/ratings-v1.default",
		Bootstrap:   "/run/mesh/ratings-v1.default/bootstrap.json",
		AdminSocket: "/run/mesh/ratings-v1.default/admin.sock",
		RequestLog:  "/run/mesh/ratings-v1.default/access.request.json",
		TryLog:      "/run/mesh/ratings-v1.default/access.try.json",
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Error(ok, diff)
	}
	if _, ok := p.Paths(&model.Workload{Name: "nobody"}); ok {
		t.Error("found the paths of a workload that is not there")
	}
}

// copies is the small mesh with a second copy of reviews-v2.
func copies() *model.Mesh {
	m := envoytest.Mesh()
	second := *m.Workload("default", "reviews-v2")
	second.Instance, second.InboundPort, second.AppPort = "reviews-v2-b", 21360, 21361
	second.Upstreams = []model.Upstream{{Service: "ratings", Namespace: "default", LocalPort: 21362}}
	m.Workloads = append(m.Workloads, &second)
	return m
}

// TestCopies sees that copies of one workload have files and sockets of their
// own, and can be told apart by whoever asks or changes something.
func TestCopies(t *testing.T) {
	p := newPlane(t, copies())
	one, _ := p.Paths(p.started.Workload("default", "reviews-v2"))
	other, ok := p.Paths(p.started.Workload("default", "reviews-v2-b"))
	if !ok || one.Dir == other.Dir || one.AdminSocket == other.AdminSocket {
		t.Errorf("paths of two copies: %+v and %+v", one, other)
	}
	fakes(t, p)
	startFake(t, other)
	c := newClient(t, p, token)
	want := map[string]string{"reviews-v2": "", "reviews-v2-b": "", "reviews-v3": ""}
	if diff := cmp.Diff(want, c.apply(ratingsEdge, tuned())); diff != "" {
		t.Error("apply:", diff)
	}
	proxies := []string{"demo/local/default/reviews-v2", "demo/local/default/reviews-v3", "demo/local/default/reviews-v2-b"}
	if diff := cmp.Diff(proxies, c.get(ratingsEdge).GetProxies()); diff != "" {
		t.Error("proxies:", diff)
	}
	// 21 in all are 7 for each of three callers; two would have got 11.
	if runtime := contents(t, p)["reviews-v2-b.default/runtime.json"]; !strings.Contains(runtime, `max_requests": 7`) {
		t.Errorf("runtime.json of the second copy lacks its share:\n%s", runtime)
	}
}
