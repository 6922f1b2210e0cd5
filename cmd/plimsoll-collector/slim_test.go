package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/plimsoll-mesh/plimsoll/"

// heavy lists what this program must not link, with the reason: each makes it
// too large for its place, or has no business beside the proxies.
var heavy = map[string]string{
	module + "store/engine":                        "the engine is a process of its own, on the machine of the store",
	module + "analyzer":                            "questions are answered where the store is",
	module + "mesh":                                "configures proxies; this watches them",
	module + "lab":                                 "a test bed",
	module + "api":                                 "the analyzer's",
	"github.com/ebitengine/purego":                 "loads the engine's library",
	"modernc.org/sqlite":                           "the analyzer's state",
	"github.com/prometheus/prometheus/tsdb":        "the server, where the text parser is enough",
	module + "store/ingest/wal/waltest":            "for tests",
	module + "collector/receiver/envoyals/alstest": "for tests",
}

func TestLinksNothingHeavy(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("listing dependencies: %v", err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 100 {
		t.Fatalf("only %d dependencies: the listing is wrong", len(deps))
	}
	for _, path := range deps {
		for bad, reason := range heavy {
			if path == bad || strings.HasPrefix(path, bad+"/") {
				t.Errorf("plimsoll-collector links %s: %s", path, reason)
			}
		}
	}
}

// maxSize bounds the stripped program: 60 MB.
const maxSize = 60_000_000

func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("links a program")
	}
	path := filepath.Join(t.TempDir(), "plimsoll-collector")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	if info.Size() > maxSize {
		t.Errorf("the stripped program has %d bytes, more than %d", info.Size(), maxSize)
	}
}
