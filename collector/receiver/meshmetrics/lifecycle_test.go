package meshmetrics

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/meshmetrics/target"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// start starts a receiver with the given change of the default config.
func start(t *testing.T, store *fakeStore, settings component.TelemetrySettings, change func(*Config)) *metricsReceiver {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Interval, cfg.Timeout = time.Second, time.Second
	change(cfg)
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	r, err := newReceiver(cfg, settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return r
}

func shutdown(t *testing.T, r *metricsReceiver) {
	t.Helper()
	if err := r.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// proxies returns the proxies that are up, by their last word.
func proxies(stats []record.ProxyStat) map[string]bool {
	up := map[string]bool{}
	for _, s := range stats {
		if s.Name == upName {
			up[s.Proxy] = s.Value == 1
		}
	}
	return up
}

// TestFactory goes through the life of the component as the Collector does.
func TestFactory(t *testing.T) {
	factory := NewFactory()
	if got := factory.Type().String(); got != typeName {
		t.Errorf("type %q", got)
	}
	cfg := factory.CreateDefaultConfig().(*Config)
	if err := componenttest.CheckConfigStruct(cfg); err != nil {
		t.Error(err)
	}
	cfg.Targets = []target.Target{{URL: "unix:///nowhere/admin.sock"}}
	settings := receivertest.NewNopSettings(factory.Type())
	for range 2 { // a restart by a config reload makes a new one
		r, err := factory.CreateMetrics(t.Context(), settings, cfg, consumertest.NewNop())
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
	if _, err := factory.CreateLogs(t.Context(), settings, cfg, consumertest.NewNop()); err == nil {
		t.Error("a logs receiver was made")
	}
}

func TestShutdownBeforeStart(t *testing.T) {
	r, err := newReceiver(createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	shutdown(t, r)
}

// hostWith is a host with some extensions.
type hostWith map[component.ID]component.Component

func (h hostWith) GetExtensions() map[component.ID]component.Component { return h }

func TestStartErrors(t *testing.T) {
	other := struct {
		component.StartFunc
		component.ShutdownFunc
	}{}
	for name, test := range map[string]struct {
		host   component.Host
		change func(*Config)
		want   string
	}{
		"no store":       {hostWith{}, nil, `finding store "meshstore": no such extension; add it to extensions and to service::extensions`},
		"not a store":    {hostWith{component.MustNewID("meshstore"): other}, nil, `finding store "meshstore": this extension cannot store rows`},
		"no certificate": {newFakeStore(), func(c *Config) { c.TLS.CAFile = "/nowhere/ca.pem" }, "loading tls: failed to load TLS config"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			if test.change != nil {
				test.change(cfg)
			}
			r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Start(t.Context(), test.host); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that contains %q", err, test.want)
			}
			shutdown(t, r)
		})
	}
}

// TestFileDiscovery adds, changes and removes targets while the receiver runs.
func TestFileDiscovery(t *testing.T) {
	one, two := newFakeTarget(t), newFakeTarget(t)
	path := filepath.Join(t.TempDir(), "targets.yaml")
	tell := func(text string, args ...any) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(fmt.Sprintf(text, args...)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	store := newFakeStore()
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) { c.TargetsFile = path })
	upWhen := func(what string, want ...string) {
		t.Helper()
		store.take()
		store.await(t, what, func(stats []record.ProxyStat) bool {
			up := proxies(stats)
			for _, p := range want {
				if !up[p] {
					return false
				}
			}
			return true
		})
	}
	tell("- {targets: [%q], labels: {proxy: one}}\n", one.URL)
	upWhen("the first target", "one")
	tell("- {targets: [%q], labels: {proxy: one}}\n- {targets: [%q, %q], labels: {proxy: two}}\n", one.URL, two.URL, one.URL)
	upWhen("the second", "two") // the first is not scraped twice, under another name
	tell("- {targets: [%q], labels: {proxy: renamed}}\n- {targets: [", one.URL)
	awaitCount(t, "the broken file to be read", &r.telemetry.discovery)
	one.status.Store(500)
	store.await(t, "the first one's fall, though the file is broken", func(stats []record.ProxyStat) bool {
		up, told := proxies(stats)["one"]
		return told && !up
	})
	one.status.Store(0)
	tell("- {targets: [%q], labels: {proxy: renamed}}\n", one.URL)
	upWhen("the new name", "renamed")
	shutdown(t, r)
	if got := r.telemetry.targetsUp.Load() + r.telemetry.targetsDown.Load() + r.telemetry.targetsNew.Load(); got != 0 {
		t.Errorf("%d targets are counted after the end", got)
	}
}

// awaitCount waits until something was counted.
func awaitCount(t *testing.T, what string, n *atomic.Uint64) {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n.Load() == 0 {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// TestManyTargets scrapes 200 targets, of which some hang: the others are all
// read, no more at once than may be.
func TestManyTargets(t *testing.T) {
	const targets, hanging, slots = 200, 4, 8
	var active, most atomic.Int32
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == infoPath {
			http.NotFound(w, r)
			return
		}
		n := active.Add(1)
		defer active.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if strings.HasPrefix(r.URL.Path, "/hang") {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprintf(w, logs, 1)
	}))
	defer server.Close()
	defer close(release)
	store := newFakeStore()
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) {
		c.Concurrency = slots
		c.Interval, c.Timeout = 2*time.Second, 300*time.Millisecond
		for i := range targets {
			path := "page"
			if i < hanging {
				path = "hang"
			}
			c.Targets = append(c.Targets, target.Target{URL: fmt.Sprintf("%s/%s/%d", server.URL, path, i), Proxy: fmt.Sprint(i)})
		}
	})
	store.await(t, "all targets", func(stats []record.ProxyStat) bool {
		up := proxies(stats)
		return len(up) == targets
	})
	up := 0
	for _, ok := range proxies(store.take()) {
		if ok {
			up++
		}
	}
	shutdown(t, r)
	if up != targets-hanging {
		t.Errorf("%d targets are up, want %d", up, targets-hanging)
	}
	// A request that was given up may still be active at the server.
	if got := most.Load(); got > slots+hanging {
		t.Errorf("%d targets were read at once, want at most %d", got, slots)
	}
	if r.telemetry.failed[reasonTimeout].Load() < hanging {
		t.Errorf("%d timeouts were counted", r.telemetry.failed[reasonTimeout].Load())
	}
}

// TestCrowded gives up a turn that does not come.
func TestCrowded(t *testing.T) {
	f := newFakeTarget(t)
	r, err := newReceiver(createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	r.sink, r.slots = newFakeStore(), make(chan struct{}) // no slot at all
	w, err := r.newWorker(placed(t, target.Target{URL: f.URL}))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	w.interval = time.Millisecond
	if w.scrape(t.Context()) || r.telemetry.failed[reasonCrowded].Load() != 1 {
		t.Error("a scrape without a slot was made")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.interval = time.Hour
	if w.scrape(ctx) || r.telemetry.failed[reasonCrowded].Load() != 1 {
		t.Error("a scrape at the end was made, or counted as failed")
	}
}

// TestFullStore stops a receiver while the store has no room: it gives up, says
// so, and leaves nothing behind once there is room.
func TestFullStore(t *testing.T) {
	f := newFakeTarget(t)
	f.set(pageOf(logs, 1))
	store := newFakeStore()
	store.full = make(chan struct{})
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) {
		c.Targets = []target.Target{{URL: f.URL, Source: "envoy", Proxy: "p"}}
	})
	<-store.grown // a row waits
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := r.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "the store takes no rows") {
		t.Errorf("error %v, want one about the store", err)
	}
	close(store.full)
	r.tasks.Wait()
}

// TestStopIsNoGap cuts a scrape off by the end of the receiver: that the target
// did not answer is not said.
func TestStopIsNoGap(t *testing.T) {
	f := newFakeTarget(t)
	asked := make(chan struct{})
	f.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	store := newFakeStore()
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) {
		c.Interval, c.Timeout = 2*time.Second, 2*time.Second
		c.Targets = []target.Target{{URL: f.URL, Proxy: "p"}}
	})
	<-asked
	shutdown(t, r)
	if rows := store.take(); len(rows) != 0 {
		t.Errorf("rows %+v", rows)
	}
	for reason := range reasonCount {
		if r.telemetry.failed[reason].Load() != 0 {
			t.Errorf("a failure was counted: %v", reason)
		}
	}
}
