package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configFile writes a collector config whose store never answers and whose
// socket is in a fresh directory.
func configFile(t *testing.T, field string) (path, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "node") // short enough for a socket
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

// run executes a command line as main does.
func run(ctx context.Context, args ...string) (code int, stdout string, err error) {
	root := newRootCommand()
	var out, errOut bytes.Buffer
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&errOut)
	err = root.ExecuteContext(ctx)
	return exitCode(err), out.String(), err
}

func TestCommands(t *testing.T) {
	good, _ := configFile(t, "endpoint")
	bad, _ := configFile(t, "endpont")
	for name, test := range map[string]struct {
		args   []string
		code   int
		stdout string
		err    string // "": none
	}{
		"help":              {nil, exitOK, "Available Commands", ""},
		"components":        {[]string{"components"}, exitOK, "receiver   envoyals", ""},
		"components, store": {[]string{"components"}, exitOK, "extension  meshstore", ""},
		"version":           {[]string{"version"}, exitOK, "plimsoll-collector dev (commit ", ""},
		"validate":          {[]string{"validate", "--config", good}, exitOK, "", ""},
		"validate, node":    {[]string{"validate", "--config", "../../deploy/systemd/node.yaml"}, exitOK, "", ""},
		"validate, centre":  {[]string{"validate", "--config", "../../deploy/systemd/central.yaml"}, exitOK, "", ""},
		"validate, bad":     {[]string{"validate", "--config", bad}, exitBadData, "", "endpont"},
		"validate, two":     {[]string{"validate", "--config", good, "--config", "yaml:extensions::meshstore::block_rows: 0"}, exitBadData, "", "block_rows: 0"},
		"validate, missing": {[]string{"validate", "--config", good + ".none"}, exitBadData, "", "no such file"},
		"validate, no file": {[]string{"validate"}, exitUsage, "", "name a file with --config"},
		"run, bad":          {[]string{"run", "--config", bad}, exitBadData, "", "endpont"},
		"run, no file":      {[]string{"run"}, exitUsage, "", "name a file with --config"},
		"run, argument":     {[]string{"run", "collector.yaml"}, exitUsage, "", "unknown command"},
		"unknown command":   {[]string{"clickhouse"}, exitUsage, "", "unknown command"},
		"unknown flag":      {[]string{"run", "--conf", "x"}, exitUsage, "", "unknown flag"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, err := run(t.Context(), test.args...)
			if code != test.code || !strings.Contains(stdout, test.stdout) {
				t.Errorf("exit %d, stdout %q; want %d, %q", code, stdout, test.code, test.stdout)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v, want one with %q", err, test.err)
			}
		})
	}
}

// TestRunEnds tells a collector to stop before it has started: that is no
// failure, and leaves no socket.
func TestRunEnds(t *testing.T) {
	config, socket := configFile(t, "endpoint")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, err := run(ctx, "run", "--config", config); code != exitOK || err != nil {
		t.Errorf("exit %d, error %v; want a silent end", code, err)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there (%v)", err)
	}
}

func TestExitCode(t *testing.T) {
	plain := errors.New("broken")
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"none":      {nil, exitOK},
		"plain":     {plain, exitFailure},
		"with code": {withExit(exitBadData, plain), exitBadData},
		"wrapped":   {errors.Join(withExit(exitUnavailable, plain)), exitUnavailable},
		"nil stays": {withExit(exitUsage, nil), exitOK},
		"outermost": {withExit(exitUsage, withExit(exitBadData, plain)), exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(test.err); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
	if err := withExit(exitUsage, plain); !errors.Is(err, plain) || err.Error() != "broken" {
		t.Errorf("the cause is hidden: %v", err)
	}
}
