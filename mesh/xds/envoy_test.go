package xds

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/grpc"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf/envoytest"
)

// bootstrapText makes Envoy take everything from one delta stream.
const bootstrapText = `
node: {id: a, cluster: test}
admin: {address: {pipe: {path: %q, mode: 384}}}
layered_runtime:
  layers:
  - {name: tune, rtds_layer: {name: tune, rtds_config: {ads: {}, resource_api_version: V3}}}
dynamic_resources:
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    set_node_on_first_message_only: true
    grpc_services:
    - envoy_grpc: {cluster_name: xds, retry_policy: {retry_back_off: {base_interval: 0.1s, max_interval: 1s}}}
  cds_config: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 0s}
  lds_config: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 0s}
static_resources:
  clusters:
  - name: xds
    connect_timeout: 1s
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
    load_assignment:
      cluster_name: xds
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
`

// plane is a server that can die and come back on the same port.
type plane struct {
	*Server
	port int
	stop func()
}

func startPlane(t *testing.T, port int) *plane {
	t.Helper()
	s := NewServer(Options{
		Log:       slog.New(slog.DiscardHandler),
		Authorize: func(_ context.Context, node *corev3.Node) (string, error) { return node.GetId(), nil },
	})
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(ServerOptions()...)
	s.Register(g)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = g.Serve(l) }()
	stop := func() { g.Stop(); <-ended }
	t.Cleanup(stop)
	return &plane{s, l.Addr().(*net.TCPAddr).Port, stop}
}

func (p *plane) synced(t *testing.T) {
	t.Helper()
	eventually(t, "the proxy in sync", func() bool {
		st := p.Status()
		return len(st) == 1 && st[0].Synced() && len(st[0].Types) >= 5
	})
}

// backend answers with its name.
func backend(t *testing.T, name string) uint32 {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))
	t.Cleanup(s.Close)
	port, err := strconv.Atoi(s.URL[strings.LastIndex(s.URL, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	return uint32(port)
}

// load sends requests one after the other until stopped.
type load struct{ sent, failed atomic.Int64 }

func startLoad(t *testing.T, url string) (*load, func()) {
	l, done, ended := &load{}, make(chan struct{}), make(chan struct{})
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	go func() {
		defer close(ended)
		defer client.CloseIdleConnections()
		for {
			select {
			case <-done:
				return
			default:
			}
			l.sent.Add(1)
			if r, err := client.Get(url); err != nil {
				l.failed.Add(1)
			} else {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.Body.Close(); r.StatusCode != http.StatusOK {
					l.failed.Add(1)
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return l, func() { close(done); <-ended }
}

// TestRealEnvoy moves traffic between clusters under load, has a resource
// rejected, kills the server and brings it back: no request fails, and after the
// restart nothing is sent that did not change.
func TestRealEnvoy(t *testing.T) {
	envoytest.Binary(t)
	dir := t.TempDir()
	p := startPlane(t, 0)
	var pool Pool
	one, two, port := backend(t, "one"), backend(t, "two"), freePort(t)
	in := httpListener("in", port, "web")
	p.Set("a", snapshotOf(t, &pool, 1, cluster("one", ""), assignment("one", one), in, routes("web", "1", "one")))
	socket, file := filepath.Join(dir, "admin.sock"), filepath.Join(dir, "envoy.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, bootstrapText, socket, p.port), 0o600); err != nil {
		t.Fatal(err)
	}
	envoy := envoytest.Start(t, file, socket)
	p.synced(t)
	l, stop := startLoad(t, fmt.Sprintf("http://127.0.0.1:%d/", port))
	eventually(t, "traffic", func() bool { return l.sent.Load() > 20 })

	p.Set("a", snapshotOf(t, &pool, 2, cluster("two", ""), assignment("two", two), in, routes("web", "2", "two")))
	p.synced(t)
	p.Set("a", snapshotOf(t, &pool, 3, cluster("two", "changed"), assignment("two", two), in, routes("web", "2", "two")))
	p.synced(t)

	bad := cluster("bad", "")
	bad.ConnectTimeout.Seconds = -1
	p.Set("a", snapshotOf(t, &pool, 4, cluster("two", "changed"), bad, assignment("two", two), in, routes("web", "3", "two")))
	eventually(t, "a rejection that names the cluster", func() bool {
		nacks := p.Status()[0].NACKs
		return len(nacks) == 1 && len(nacks[0].Names) == 1 && nacks[0].Names[0] == "bad" && strings.Contains(nacks[0].Message, "positive duration")
	})
	good := snapshotOf(t, &pool, 5, cluster("two", "changed"), assignment("two", two), in, routes("web", "3", "two"))
	p.Set("a", good)
	p.synced(t)

	before := updates(t, envoy)
	p.stop()
	p = startPlane(t, p.port)
	p.Set("a", good)
	p.synced(t)
	if after := updates(t, envoy); after != before {
		t.Errorf("resources were sent again after the restart: updates were %q, are %q", before, after)
	}
	stop()
	if l.failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", l.failed.Load(), l.sent.Load())
	}
}

// updates are the counters of applied configuration.
func updates(t *testing.T, envoy *envoytest.Proxy) string {
	t.Helper()
	var out []string
	for _, name := range []string{"cluster_manager.cds.update_success", "listener_manager.lds.update_success", "cluster.two.update_success", "http.in.rds.web.update_success"} {
		out = append(out, strconv.Itoa(envoy.Stat(t, name)))
	}
	return strings.Join(out, " ")
}

func freePort(t *testing.T) uint32 {
	t.Helper()
	for port := 27000; port < 27200; port++ {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return uint32(port)
		}
	}
	t.Fatal("no free port")
	return 0
}

// TestLeaseLapses takes the server away: Envoy itself drops the runtime value,
// and gets it back, in full, from the next server.
func TestLeaseLapses(t *testing.T) {
	envoytest.Binary(t)
	dir := t.TempDir()
	p := startPlane(t, 0)
	var pool Pool
	snap := snapshotOf(t, &pool, 1)
	put(t, snap, &pool, runtimeLayer("tune", "mesh.tuned", "yes"), 3*time.Second)
	p.Set("a", snap)
	socket, file := filepath.Join(dir, "admin.sock"), filepath.Join(dir, "envoy.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, bootstrapText, socket, p.port), 0o600); err != nil {
		t.Fatal(err)
	}
	envoy := envoytest.Start(t, file, socket)
	inForce := func() bool { return strings.Contains(envoy.Admin(t, "/runtime"), "mesh.tuned") }
	eventually(t, "the lease in force", inForce)
	alive := time.Now().Add(7 * time.Second)
	eventually(t, "two lifetimes over", func() bool {
		if !inForce() {
			t.Fatal("the lease lapsed though it was renewed")
		}
		return time.Now().After(alive)
	})
	p.stop()
	eventually(t, "the lease lapsed", func() bool { return !inForce() })
	p = startPlane(t, p.port)
	p.Set("a", snap)
	eventually(t, "the lease back", inForce)
}
