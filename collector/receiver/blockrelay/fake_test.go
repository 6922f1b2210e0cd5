package blockrelay

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay"
	"github.com/plimsoll-mesh/plimsoll/store/ingest/wal"
)

// fakeStore is a store that takes blocks, and the host that has it.
type fakeStore struct {
	component.StartFunc
	component.ShutdownFunc

	mu      sync.Mutex
	blocks  []wal.Block
	full    bool
	block   func(context.Context, wal.Block) error // asked before a block is taken
	flush   func(context.Context) error
	flushes int
}

func (s *fakeStore) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("meshstore"): s}
}

func (s *fakeStore) Block(ctx context.Context, b wal.Block) error {
	if s.block != nil {
		if err := s.block(ctx, b); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocks = append(s.blocks, b)
	return nil
}

func (s *fakeStore) Room() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.full
}

func (s *fakeStore) Flush(ctx context.Context) error {
	s.mu.Lock()
	s.flushes++
	s.mu.Unlock()
	if s.flush != nil {
		return s.flush(ctx)
	}
	return nil
}

func (s *fakeStore) setFull(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

// taken returns the blocks so far.
func (s *fakeStore) taken() []wal.Block {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocks
}

// shortDir returns a directory whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

const secretText = "0123456789abcdef"

// secretFile writes a bearer token.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs a receiver until the test ends.
func start(t *testing.T, store *fakeStore, set component.TelemetrySettings, change func(*Config)) *relayReceiver {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	change(cfg)
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	r, err := newReceiver(cfg, set)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// onSocket runs a receiver on a socket, and returns it with a sender.
func onSocket(t *testing.T, store *fakeStore) (*relayReceiver, *relay.Client, string) {
	t.Helper()
	path := filepath.Join(shortDir(t), "s")
	r := start(t, store, componenttest.NewNopTelemetrySettings(), func(c *Config) { c.Endpoint = "unix://" + path })
	return r, sender(t, "plimsoll+unix://"+path), path
}

func sender(t *testing.T, address string) *relay.Client {
	t.Helper()
	c, err := relay.NewClient(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
