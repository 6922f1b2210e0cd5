package run

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// TestTiers: who listens where, and what each collector is told.
func TestTiers(t *testing.T) {
	const store = "unix:///store.sock?database=plimsoll"
	for tier, want := range map[scenario.Tier]struct {
		address, endpoint string // of the access-log receiver, for proxies and for the collector
		stores            string // in ROOT, where the collector's blocks go
		central           bool
	}{
		scenario.NodeTier:    {"ROOT/s/als.sock", "fd:3", store, false},
		scenario.CentralTier: {"127.0.0.1:24610", "127.0.0.1:24610", store, false},
		scenario.RelayedTier: {"ROOT/s/als.sock", "fd:3", "plimsoll+unix://ROOT/s/relay.sock", true},
	} {
		t.Run(string(tier), func(t *testing.T) {
			at := place{root: t.TempDir()}
			if err := at.prepare(); err != nil {
				t.Fatal(err)
			}
			children := process.NewSet()
			defer children.Close()
			opts := Options{Scenario: &scenario.Scenario{Collector: scenario.Collector{Tier: tier}}}
			c, err := newCollectors(opts, at, children, store, &ports{next: 24610})
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			inRoot := func(s string) string { return strings.ReplaceAll(s, "ROOT", at.root) }
			if c.address != inRoot(want.address) {
				t.Errorf("proxies send to %s, want %s", c.address, inRoot(want.address))
			}
			near := readCollector(t, c.near.config)
			if near.Receivers["envoyals"]["endpoint"] != want.endpoint || near.Extensions["meshstore"]["endpoint"] != inRoot(want.stores) {
				t.Errorf("the collector is told %v", near)
			}
			if got := c.central != nil; got != want.central {
				t.Fatalf("central collector: %t, want %t", got, want.central)
			}
			if want.central {
				central := readCollector(t, c.central.config)
				if central.Receivers["blockrelay"]["endpoint"] != "unix://"+at.relaySock() || central.Extensions["meshstore"]["endpoint"] != store {
					t.Errorf("the central collector is told %v", central)
				}
				if central.Extensions["health_check"]["endpoint"] == near.Extensions["health_check"]["endpoint"] {
					t.Error("both collectors have one health check")
				}
			}
		})
	}
}

// TestHeldSocket: connections wait while nobody accepts, and are served by who
// inherits the socket.
func TestHeldSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "als.sock")
	held, err := holdSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for round := range 2 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		l, err := net.FileListener(held)
		if err != nil {
			t.Fatal(err)
		}
		taken, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := taken.Read(make([]byte, 1)); n != 1 {
			t.Errorf("round %d: nothing came: %v", round, err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		for _, c := range []interface{ Close() error }{taken, l, conn} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := holdSocket(path); err == nil {
		t.Error("a socket is held twice")
	}
}

type collectorFile struct {
	Extensions map[string]map[string]any
	Receivers  map[string]map[string]any
}

func readCollector(t *testing.T, path string) collectorFile {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c collectorFile
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}
