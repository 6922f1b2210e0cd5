package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configFile writes a collector config whose store never answers and whose
// socket is in a fresh directory.
func configFile(t *testing.T, field string) (path, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "collector") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path, socket = filepath.Join(dir, "collector.yaml"), filepath.Join(dir, "als.sock")
	text := `
extensions:
  meshstore: {endpoint: "http://127.0.0.1:1?database=plimsoll", collector: test}
receivers:
  envoyals: {` + field + `: "unix://` + socket + `"}
exporters:
  debug:
service:
  extensions: [meshstore]
  pipelines:
    logs: {receivers: [envoyals], exporters: [debug]}
  telemetry:
    metrics: {level: none}
    logs: {level: error}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, socket
}

func TestCollectorCommands(t *testing.T) {
	good, _ := configFile(t, "endpoint")
	bad, _ := configFile(t, "endpont")
	for name, test := range map[string]struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		"components":         {[]string{"components"}, exitOK, "receiver   envoyals", ""},
		"validate":           {[]string{"validate", "--config", good}, exitOK, "", ""},
		"validate, bad":      {[]string{"validate", "--config", bad}, exitBadData, "", "endpont"},
		"validate, two":      {[]string{"validate", "--config", good, "--config", "yaml:extensions::meshstore::block_rows: 0"}, exitBadData, "", "block_rows: 0"},
		"validate, missing":  {[]string{"validate", "--config", good + ".none"}, exitBadData, "", "no such file"},
		"validate, no file":  {[]string{"validate"}, exitUsage, "", "name a file with --config"},
		"run, bad":           {[]string{"run", "--config", bad}, exitBadData, "", "endpont"},
		"run, no file":       {[]string{"run"}, exitUsage, "", "name a file with --config"},
		"run, argument":      {[]string{"run", "collector.yaml"}, exitUsage, "", "unknown command"},
		"components, a flag": {[]string{"components", "--config", good}, exitUsage, "", "unknown flag"},
	} {
		t.Run(name, func(t *testing.T) {
			got := plimsoll(t.Context(), append([]string{"collector"}, test.args...)...)
			if got.code != test.code || !strings.Contains(got.stdout, test.stdout) || !strings.Contains(got.stderr, test.stderr) {
				t.Errorf("exit %d, stdout %q, stderr %q; want %d, %q, %q", got.code, got.stdout, got.stderr, test.code, test.stdout, test.stderr)
			}
		})
	}
}

// TestCollectorRunEnds tells a collector to stop before it has started: that is
// no failure, and leaves no socket.
func TestCollectorRunEnds(t *testing.T) {
	config, socket := configFile(t, "endpoint")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := plimsoll(ctx, "collector", "run", "--config", config)
	if got.code != exitOK || got.stderr != "" {
		t.Errorf("exit %d, stderr %q; want a silent end", got.code, got.stderr)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there (%v)", err)
	}
}
