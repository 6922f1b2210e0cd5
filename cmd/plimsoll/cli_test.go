package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
)

// outcome is what a command line leaves behind.
type outcome struct {
	stdout, stderr string
	code           int
}

// plimsoll runs one command line as main does.
func plimsoll(ctx context.Context, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(&stderr, "plimsoll:", err)
	}
	return outcome{stdout.String(), stderr.String(), exitCode(err)}
}

// String writes an outcome as the golden files hold it.
func (o outcome) String() string {
	return fmt.Sprintf("-- stdout --\n%s-- stderr --\n%s-- exit %d --\n", o.stdout, o.stderr, o.code)
}

// checkFile compares text with testdata/cli/name, or rewrites it with -update.
func checkFile(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", "cli", name)
	golden.Check(t, path, []byte(text))
}

// analyzerAt serves the services with real tokens, and points the environment
// of the test at them with the given role ("": no token).
func analyzerAt(t *testing.T, services handler.Services, role string) (url string) {
	t.Helper()
	dir := t.TempDir()
	tokens, err := handler.LoadTokens(dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler.New(services, handler.Settings{
		Tokens:  tokens,
		Healthy: func(context.Context) error { return nil },
		Log:     slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	t.Setenv(urlEnv, server.URL)
	t.Setenv(tokenFileEnv, "")
	if role != "" {
		t.Setenv(tokenFileEnv, filepath.Join(dir, role+".token"))
	}
	return server.URL
}

// timeless replaces what depends on the moment of the run: how old the fixed
// answers are.
func timeless(text string) string {
	return regexp.MustCompile(`[0-9]+h[0-9hms]+ ago`).ReplaceAllString(text, "AGE ago")
}

// script runs command lines against the services and compares everything they
// print with one golden file.
func script(t *testing.T, name string, services handler.Services, lines ...string) {
	t.Helper()
	url := analyzerAt(t, services, "operator")
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&text, "$ plimsoll %s\n%s\n", line, plimsoll(t.Context(), strings.Fields(line)...))
	}
	checkFile(t, name+".txt", timeless(strings.ReplaceAll(text.String(), url, "http://analyzer")))
}

func TestGraph(t *testing.T) {
	script(t, "graph", fakes(),
		"graph",
		"graph -o wide",
		"graph -o json",
		"graph -o yaml",
		"graph -o name",
		"graph --to 2026-03-01T12:30:00Z -o name",
		"graph --service nothing",
		"graph --service nothing -o json",
		"graph --service nothing -o name",
	)
}

func TestGraphPassesItsFlags(t *testing.T) {
	f := &fakeGraph{}
	script(t, "graph_flags", handler.Services{Graph: f},
		"graph --from 2026-03-01T11:59:00.5Z --to 2026-03-01T13:00:00+01:00 -n shop --service web -o name",
		"graph --window 90s -o name",
	)
	checkFile(t, "graph_requests.txt", f.asked.String())
}

func TestSLO(t *testing.T) {
	script(t, "slo", fakes(),
		"slo list",
		"slo list -o wide",
		"slo list -o json",
		"slo list -o yaml",
		"slo list -o name",
		"slo status shop-availability",
		"slo status -o wide",
		"slo status shop-availability -o json",
		"slo status quiet -o yaml",
		"slo status -o name",
		"slo status nothing",
	)
}

func TestAlerts(t *testing.T) {
	script(t, "alerts", fakes(),
		"alerts list",
		"alerts list -o wide",
		"alerts list -o json",
		"alerts list -o yaml",
		"alerts list -o name",
		"alerts list --from 2030-01-01T00:00:00Z",
		"alerts list --from 2030-01-01T00:00:00Z -o json",
	)
}

func TestTune(t *testing.T) {
	script(t, "tune", fakes(),
		"tune plan reviews ratings",
		"tune plan reviews ratings -o wide",
		"tune plan reviews ratings -o json",
		"tune plan reviews ratings -o yaml",
		"tune plan reviews ratings -o name",
		"tune plan web details",
		"tune plan web details -o json",
		"tune apply plan-1",
		"tune apply plan-1 -o json",
		"tune apply plan-1 -o name",
		"tune apply plan-refused",
		"tune apply plan-refused -o yaml",
		"tune apply plan-none",
		"tune apply plan-old",
		"tune rollback",
		"tune rollback -o json",
		"tune rollback plan-1 -o yaml",
		"tune rollback -o name",
		"tune history",
		"tune history reviews ratings -o wide",
		"tune history reviews ratings -o json",
		"tune history reviews ratings -o yaml",
		"tune history -o name",
	)
}

// TestHelp keeps the help of every command.
func TestHelp(t *testing.T) {
	for _, command := range []string{
		"graph", "slo", "slo list", "slo status", "alerts", "alerts list", "tune", "tune plan", "tune apply",
		"tune rollback", "tune history", "doctor", "analyzer", "analyzer run",
	} {
		t.Run(command, func(t *testing.T) {
			got := plimsoll(t.Context(), append(strings.Fields(command), "--help")...)
			if got.code != exitOK || got.stderr != "" {
				t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
			}
			checkFile(t, "help_"+strings.ReplaceAll(command, " ", "_")+".txt", got.stdout)
		})
	}
}
