package blockrelay

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay/relaytest"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// TestFactory goes through the life of the component as the Collector does.
func TestFactory(t *testing.T) {
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig().(*Config)
	if err := componenttest.CheckConfigStruct(cfg); err != nil {
		t.Error(err)
	}
	cfg.Endpoint = "unix://" + filepath.Join(shortDir(t), "s")
	settings := receivertest.NewNopSettings(factory.Type())
	for range 2 { // a restart by a config reload makes a new one
		r, err := factory.CreateLogs(t.Context(), settings, cfg, consumertest.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context(), &fakeStore{}); err != nil {
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

// hostWith is a host with one extension.
type hostWith map[component.ID]component.Component

func (h hostWith) GetExtensions() map[component.ID]component.Component { return h }

func TestStartErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte(secretText), 0o644); err != nil {
		t.Fatal(err)
	}
	secret, store := secretFile(t, secretText), &fakeStore{}
	for name, test := range map[string]struct {
		host   component.Host
		change func(*Config)
		want   string
	}{
		"no store": {hostWith{}, func(*Config) {}, `finding store "meshstore": no such extension`},
		"not a store": {
			hostWith{component.MustNewID("meshstore"): struct {
				component.StartFunc
				component.ShutdownFunc
			}{}}, func(*Config) {}, `finding store "meshstore": this extension cannot store blocks`,
		},
		"open secret":    {store, func(c *Config) { c.TokenFile = open }, "mode 0644 lets others read it"},
		"port taken":     {store, func(c *Config) { c.Endpoint, c.TokenFile = taken.Addr().String(), secret }, "address already in use"},
		"no certificate": {store, func(c *Config) { c.TokenFile, c.TLS = secret, TLSConfig{"/none.pem", "/none.key"} }, "reading certificate /none.pem"},
		"not held":       {store, func(c *Config) { c.Endpoint = "systemd:relay" }, "no socket was passed"},
		// Validate catches these when the address is in the config; a held
		// socket may have them, too.
		"no secret": {store, func(c *Config) { c.Endpoint = "127.0.0.1:0" }, "set token_file"},
		"plain":     {store, func(c *Config) { c.Endpoint, c.TokenFile = "0.0.0.0:0", secret }, "set tls, it can be reached from other machines"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			test.change(cfg)
			r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Start(t.Context(), test.host); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
			if err := r.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestShutdownCuts stops a receiver whose store does not take a block: the
// request ends with the context that the store was given.
func TestShutdownCuts(t *testing.T) {
	inHand := make(chan struct{})
	store := &fakeStore{block: func(ctx context.Context, _ wal.Block) error {
		close(inHand)
		<-ctx.Done()
		return ctx.Err()
	}}
	r, client, _ := onSocket(t, store)
	done := make(chan error, 1)
	go func() { done <- client.Post(context.Background(), relaytest.Block(t, 1, 1)) }()
	<-inHand
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Shutdown(now); err != nil {
		t.Error(err)
	}
	var refusal *relay.Refusal
	if err := <-done; err == nil || errors.As(err, &refusal) && refusal.Permanent() {
		t.Errorf("the sender got %v, want an error after which it keeps the block", err)
	}
	r.server = nil // stopped, for the test's own clean-up
	if r.telemetry, _ = newTelemetry(componenttest.NewNopTelemetrySettings(), r.budget.held); r.telemetry == nil {
		t.Error("no telemetry")
	}
}

// TestShutdownWaits lets a request in hand end well.
func TestShutdownWaits(t *testing.T) {
	inHand, release := make(chan struct{}), make(chan struct{})
	store := &fakeStore{block: func(context.Context, wal.Block) error {
		close(inHand)
		<-release
		return nil
	}}
	path := filepath.Join(shortDir(t), "s")
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = "unix://" + path
	r, err := newReceiver(cfg, componenttest.NewNopTelemetrySettings())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	client := sender(t, "plimsoll+unix://"+path)
	posted, stopped := make(chan error, 1), make(chan error, 1)
	go func() { posted <- client.Post(context.Background(), relaytest.Block(t, 1, 1)) }()
	<-inHand
	go func() { stopped <- r.Shutdown(context.Background()) }()
	close(release)
	if err := errors.Join(<-posted, <-stopped); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there (%v)", err)
	}
}
