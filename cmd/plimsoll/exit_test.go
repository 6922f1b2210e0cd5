package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/analyzer/handler"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// TestExitCodes shows what each kind of mistake or finding ends with.
func TestExitCodes(t *testing.T) {
	analyzerAt(t, fakes(), "operator")
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("listn: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		code int
		text string // on stderr
	}{
		{"graph", exitOK, ""},
		{"graph -o xml", exitUsage, "use table, wide, json, yaml, name"},
		{"graph --colour", exitUsage, "unknown flag"},
		{"graph --from yesterday", exitUsage, "neither a time"},
		{"graph --window soon", exitUsage, "invalid duration"},
		{"graph extra", exitUsage, "unknown command"},
		{"grph", exitUsage, "unknown command"},
		{"slo sttus", exitUsage, "unknown command"},
		{"slo status a b", exitUsage, "accepts at most 1 arg"},
		{"slo status nothing", exitUsage, "no SLO is named"},
		{"tune plan reviews", exitUsage, "accepts 2 arg"},
		{"tune plan a b --healthy 5m", exitUsage, "write FROM/TO"},
		{"tune plan a b --healthy 5m/10m", exitUsage, "does not start before"},
		{"tune plan a b --stressed x/y", exitUsage, "neither a time"},
		{"tune plan web details", exitNotEnough, "too few rows"},
		{"tune plan web details -o json", exitNotEnough, "too few rows"},
		{"tune apply", exitUsage, "accepts 1 arg"},
		{"tune apply plan-refused -o json", exitFailure, "did not take the change"},
		{"tune history reviews", exitUsage, "both services"},
		{"analyzer run", exitUsage, "--config"},
		{"analyzer run --config " + bad, exitBadData, `did you mean "listen"`},
		{"analyzer run --config " + bad + ".none", exitBadData, "no such file"},
		{"analyzer run --log-level loud", exitUsage, "loud"},
		{"doctor --url ftp://x", exitFindings, " findings"},
		{"graph --url 127.0.0.1:1", exitUsage, "not an http or https URL"},
		{"graph --token-file /none", exitUsage, "reading the token"},
	} {
		t.Run(c.line, func(t *testing.T) {
			got := plimsoll(t.Context(), strings.Fields(c.line)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.text) {
				t.Errorf("exit code %d, stderr %q; want %d with %q", got.code, got.stderr, c.code, c.text)
			}
			if c.code == exitUsage && got.stdout != "" {
				t.Errorf("a wrong command line prints a result: %q", got.stdout)
			}
		})
	}
}

func TestGroupsPrintTheirHelp(t *testing.T) {
	for _, line := range []string{"", "slo", "tune", "alerts", "analyzer"} {
		got := plimsoll(t.Context(), strings.Fields(line)...)
		if got.code != exitOK || !strings.Contains(got.stdout, "Available Commands:") {
			t.Errorf("%q: exit code %d, stdout %q", line, got.code, got.stdout)
		}
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	t.Setenv(tokenFileEnv, "")
	for _, line := range []string{"graph", "slo list", "alerts list", "tune plan a b", "tune apply p", "tune rollback", "tune history"} {
		got := plimsoll(t.Context(), append(strings.Fields(line), "--url", nobody)...)
		if got.code != exitUnavailable || !strings.Contains(got.stderr, "plimsoll analyzer run") || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, stderr %q; want 69 and one line with the remedy", line, got.code, got.stderr)
		}
	}
	got := plimsoll(t.Context(), "graph", "--url", stranger.URL)
	if got.code != exitUnavailable || !strings.Contains(got.stderr, "is no analyzer") {
		t.Errorf("not an analyzer: exit code %d, stderr %q", got.code, got.stderr)
	}
}

func TestTokenRemedies(t *testing.T) {
	for _, c := range []struct {
		role, line string
		code       int
		text       string
	}{
		{"", "graph", exitUsage, "viewer.token"},
		{"", "tune apply plan-1", exitUsage, "operator.token"},
		{"viewer", "tune apply plan-1", exitUsage, "operator.token"},
		{"viewer", "tune rollback", exitUsage, "needs the role operator, the token has viewer"},
		{"viewer", "tune plan reviews ratings", exitOK, ""},
	} {
		t.Run(c.role+" "+c.line, func(t *testing.T) {
			analyzerAt(t, fakes(), c.role)
			got := plimsoll(t.Context(), strings.Fields(c.line)...)
			if got.code != c.code || !strings.Contains(got.stderr, c.text) {
				t.Errorf("exit code %d, stderr %q; want %d with %q", got.code, got.stderr, c.code, c.text)
			}
		})
	}
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	url := analyzerAt(t, fakes(), "viewer")
	token := os.Getenv(tokenFileEnv)
	t.Setenv(urlEnv, "http://127.0.0.1:1")
	t.Setenv(tokenFileEnv, "/none")
	if got := plimsoll(t.Context(), "graph", "--url", url, "--token-file", token); got.code != exitOK {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
}

func TestExitCodeOfWrappedErrors(t *testing.T) {
	plain := errors.New("x")
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, exitOK},
		{plain, exitFailure},
		{withExit(exitBadData, plain), exitBadData},
		{fmt.Errorf("outer: %w", withExit(exitBadData, plain)), exitBadData},
		{withExit(exitUsage, withExit(exitBadData, plain)), exitUsage},
		{withExit(exitUsage, nil), exitOK},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("exit code of %v = %d, want %d", c.err, got, c.want)
		}
	}
}

var wideGap = regexp.MustCompile(` {3,}`)

func TestStartExit(t *testing.T) {
	finding := &yamlfile.Error{File: "a.yaml", Msg: "is missing"}
	for _, c := range []struct {
		err  error
		want int
	}{
		{finding, exitBadData},
		{fmt.Errorf("starting: %w", yamlfile.Errors{finding}), exitBadData},
		{errors.New("address already in use"), exitUnavailable},
	} {
		if got := startExit(c.err); got != c.want {
			t.Errorf("exit code of %v = %d, want %d", c.err, got, c.want)
		}
	}
}

// TestDoctor runs the checks of a machine with and without tools, and of an
// analyzer with and without findings.
func TestDoctor(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(tool, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(name string, tools string, services handler.Services, line string) {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PLIMSOLL_ENVOY", tools)
			t.Setenv("PLIMSOLL_LIBCHDB", tools)
			url := analyzerAt(t, services, "viewer")
			got := plimsoll(t.Context(), strings.Fields(line)...).String()
			got = strings.NewReplacer(url, "http://analyzer", tools, "/tools/tool").Replace(got)
			got = wideGap.ReplaceAllString(got, gap) // columns are as wide as the paths of this run
			checkFile(t, "doctor_"+name+".txt", got)
		})
	}
	run("ok", tool, fakes(), "doctor")
	run("ok_json", tool, fakes(), "doctor -o json")
	run("findings", tool, handler.Services{Status: fakeStatus{findings: true}}, "doctor")
	run("findings_json", tool, handler.Services{Status: fakeStatus{findings: true}}, "doctor -o json")
	run("findings_name", tool, handler.Services{Status: fakeStatus{findings: true}}, "doctor -o name")
	run("no_tools", tool+".none", fakes(), "doctor --offline")
}
