package envoyals

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
)

// TestFactory goes through the life of the component as the Collector does.
func TestFactory(t *testing.T) {
	factory := NewFactory()
	if got := factory.Type().String(); got != "envoyals" {
		t.Errorf("type %q", got)
	}
	cfg := factory.CreateDefaultConfig().(*Config)
	if err := componenttest.CheckConfigStruct(cfg); err != nil {
		t.Error(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Errorf("default config: %v", err)
	}
	cfg.Endpoint = "127.0.0.1:0"
	settings := receivertest.NewNopSettings(factory.Type())
	for range 2 { // a restart by a config reload makes a new one
		r, err := factory.CreateLogs(t.Context(), settings, cfg, consumertest.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context(), newFakeStore()); err != nil {
			t.Fatal(err)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := factory.CreateTraces(t.Context(), settings, cfg, consumertest.NewNop()); err == nil {
		t.Error("a traces receiver was made")
	}
}

func TestShutdownBeforeStart(t *testing.T) {
	r, err := newReceiver(createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// hostWith is a host with one extension.
type hostWith map[component.ID]component.Component

func (h hostWith) GetExtensions() map[component.ID]component.Component { return h }

func TestStartErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	dir := socketDir(t)
	used, err := net.Listen("unix", filepath.Join(dir, "used.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = used.Close() }()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := newFakeStore()
	for name, test := range map[string]struct {
		endpoint string
		host     component.Host
		want     string
	}{
		"no store": {"127.0.0.1:0", hostWith{}, `finding store "meshstore": no such extension`},
		"not a store": {
			"127.0.0.1:0", hostWith{component.MustNewID("meshstore"): struct {
				component.StartFunc
				component.ShutdownFunc
			}{}}, `finding store "meshstore": this extension cannot store rows`,
		},
		"port taken":     {taken.Addr().String(), store, "address already in use"},
		"socket in use":  {"unix://" + used.Addr().String(), store, "another process listens"},
		"file in place":  {"unix://" + file, store, "address already in use"},
		"no such folder": {"unix://" + filepath.Join(dir, "none", "als.sock"), store, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.Endpoint = test.endpoint
			r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Start(t.Context(), test.host); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that contains %q", err, test.want)
			}
			shutdown(t, r)
		})
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file at the socket's path became %q (%v)", text, err)
	}
}

// TestStaleSocket finds the socket of a process that was killed.
func TestStaleSocket(t *testing.T) {
	path := filepath.Join(socketDir(t), "als.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	store := newFakeStore()
	r := startAt(t, store, "unix://"+path, componenttest.NewNopTelemetrySettings())
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket: %v, %v; want mode %v", info.Mode(), err, 0o660)
	}
	stream := dial(t, r)
	send(t, stream, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
	await(t, store, 1)
	shutdown(t, r)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there after the shutdown (%v)", err)
	}
}

// TestSocketOutOfReach has a path at which nobody can look: the error says why,
// instead of what binding makes of it.
func TestSocketOutOfReach(t *testing.T) {
	file := filepath.Join(socketDir(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(file, "als.sock")
	cfg := Config{Endpoint: "unix://" + path}
	if _, err := cfg.listen(); err == nil || err.Error() != "listening on unix://"+path+": lstat "+path+": not a directory" {
		t.Errorf("error = %v", err)
	}
}

// TestDrain stops a receiver whose stream is open: it answers the stream, and
// what was sent before is stored.
func TestDrain(t *testing.T) {
	store := newFakeStore()
	r := start(t, store)
	stream := dial(t, r)
	const messages = 50
	send(t, stream, alstest.Message(alstest.Identifier("mesh.request")))
	for range messages {
		send(t, stream, alstest.Message(nil, alstest.Outbound(), alstest.Outbound()))
	}
	await(t, store, 1) // the stream is being read
	began := time.Now()
	shutdown(t, r)
	if took := time.Since(began); took > drainLimit {
		t.Errorf("an idle stream held the shutdown up for %v", took)
	}
	if requests, _ := store.rows(); len(requests) != 2*messages {
		t.Errorf("%d requests are stored, want %d", len(requests), 2*messages)
	}
	if _, err := stream.CloseAndRecv(); err != nil {
		t.Errorf("the stream ended with %v, want OK", err)
	}
}

// TestCut stops a receiver while the store has no room: it gives up, says so,
// and leaves nothing behind once there is room.
func TestCut(t *testing.T) {
	store := newFakeStore()
	store.full = make(chan struct{})
	r := start(t, store)
	stream := dial(t, r)
	send(t, stream, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
	awaitStreams(t, r, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	err := r.Shutdown(ctx)
	if err == nil || !strings.Contains(err.Error(), "the store takes no rows") {
		t.Errorf("got error %v, want one about the store", err)
	}
	close(store.full)
	r.readers.Wait()
	r.tasks.Wait()
}

// awaitStreams waits until n streams said who they are.
func awaitStreams(t *testing.T, r *alsReceiver, n int) {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(r.proxies.live(r.now())) != n {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%d streams, want %d", len(r.proxies.live(r.now())), n)
		}
	}
}

// TestClientGone ends a connection without a word: its stream is over, and its
// proxy is kept for a while.
func TestClientGone(t *testing.T) {
	store := newFakeStore()
	r := start(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	stream := dialContext(ctx, t, r)
	send(t, stream, alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound()))
	await(t, store, 1)
	cancel()
	r.readers.Wait()
	proxies := r.proxies.live(r.now())
	if len(proxies) != 1 || proxies[0].streams != 0 || proxies[0].requests.Load() != 1 {
		t.Errorf("%d proxies are known, want one without streams", len(proxies))
	}
	shutdown(t, r)
}
