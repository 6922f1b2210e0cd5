package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/run"
)

// e2eBasePort keeps this run away from a demo on the same machine.
const e2eBasePort = "17100"

// buildPlimsoll builds the program as a user would have it.
func buildPlimsoll(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plimsoll")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return path
}

// requireTools returns the environment in which the tools are found. Without
// them the test is skipped, or fails where they are required.
func requireTools(t *testing.T) []string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(here, "..", "..", ".cache", "tools")
	env := os.Environ()
	for name, file := range map[string]string{run.EnvoyEnv: "envoy", run.LibraryEnv: "libchdb.so"} {
		if os.Getenv(name) != "" {
			continue
		}
		path := filepath.Join(cache, file)
		if _, err := os.Stat(path); err != nil {
			if os.Getenv("PLIMSOLL_REQUIRE_TOOLS") != "" {
				t.Fatalf("%s is missing: run `make tools`", file)
			}
			t.Skipf("%s is missing: run `make tools`", file)
		}
		env = append(env, name+"="+path)
	}
	return env
}

// TestLabEndToEnd is the whole of Plimsoll on real Envoys: a short scenario is
// run and kept, the command line is asked about it, and an interrupt leaves
// nothing behind.
func TestLabEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for half a minute")
	}
	env := requireTools(t)
	bin, dir := buildPlimsoll(t), t.TempDir()
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	reportFile := filepath.Join(dir, "report.json")
	cmd := exec.CommandContext(ctx, bin, "lab", "run", "testdata/e2e.yaml", "--keep", "--base-port", e2eBasePort, "--report", reportFile, "--page", filepath.Join(dir, "page.html"))
	cmd.Env = append(env, "TMPDIR="+tmp)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	env = append(env, waitUntilKept(t, stdout, &stderr)...)
	checkReport(t, reportFile)
	checkCommands(t, bin, env)

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil && !t.Failed() {
		t.Errorf("after Ctrl-C: %v\n%s", err, stderr.String())
	}
	checkNothingLeft(t, tmp)
}

// waitUntilKept reads the summary and returns the environment of a client.
func waitUntilKept(t *testing.T, stdout interface{ Read([]byte) (int, error) }, stderr *bytes.Buffer) []string {
	t.Helper()
	var said strings.Builder
	export := regexp.MustCompile(`export (PLIMSOLL_URL=\S+) (PLIMSOLL_TOKEN_FILE=\S+)`)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if m := export.FindStringSubmatch(lines.Text()); m != nil {
			go func() { // keep the pipe empty
				for lines.Scan() {
				}
			}()
			return m[1:]
		}
	}
	t.Fatalf("the lab ended early:\n%s\n%s", said.String(), stderr.String())
	return nil
}

// checkReport holds the exact part of the report to account: counts, bins and
// rows, which no slow machine can excuse.
func checkReport(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Truth.Edges) < 4 || len(r.Observed.Edges) < 4 {
		t.Errorf("%d edges counted, %d observed", len(r.Truth.Edges), len(r.Observed.Edges))
	}
	for _, d := range r.Witness.Unexplained {
		t.Errorf("%s: %s %d by the lab, %d by Plimsoll", d.Edge, d.Figure, d.Truth, d.Observed)
	}
	if len(r.Witness.Bins) == 0 {
		t.Error("no latency bins were compared")
	}
	for _, b := range r.Witness.Bins {
		if b.Differing != 0 || b.Rows == 0 {
			t.Errorf("%s: %d of %d bins differ from Envoy's own log of %d rows", b.Edge, b.Differing, b.Bins, b.Rows)
		}
	}
	tel := r.Telemetry
	if tel.ALSDropped != 0 || tel.Rows != tel.ALSWritten || tel.Doubled != 0 || tel.Rows == 0 {
		t.Errorf("telemetry %+v", tel)
	}
	for _, e := range r.Expectations {
		if !e.Holds {
			t.Errorf("expected that %s: %s", e.Name, e.Detail)
		}
	}
}

// checkCommands asks the running stack as a person would.
func checkCommands(t *testing.T, bin string, env []string) {
	t.Helper()
	ask := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command(bin, args...)
		cmd.Env = env
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != want {
			t.Errorf("%v: %v, want exit code %d\n%s%s", args, err, want, out.String(), errs.String())
		}
		return out.String()
	}
	var graph struct {
		Window map[string]any
		Nodes  []map[string]any
		Edges  []map[string]any
	}
	if err := json.Unmarshal([]byte(ask(exitOK, "graph", "--window", "5m", "-o", "json")), &graph); err != nil {
		t.Fatal(err)
	}
	keys(t, "window", graph.Window, "from", "to", "watermark")
	for _, n := range graph.Nodes {
		keys(t, "node", n, "id", "kind", "mesh", "cluster", "namespace", "workload", "service", "version")
	}
	for _, e := range graph.Edges {
		keys(t, "edge", e, "src", "dst", "route", "protocol", "vantage", "unit", "requests", "arrivals", "attempts", "failures",
			"outcomes", "rate", "error_ratio", "latency_ms", "mtls", "completeness", "sources")
		if q, ok := e["latency_ms"].(map[string]any); ok {
			keys(t, "latency_ms", q, "p50", "p90", "p99")
			if p50, ok := q["p50"].(map[string]any); ok {
				keys(t, "p50", p50, "estimate", "low", "high")
			}
		}
	}
	if len(graph.Nodes) != 3 || len(graph.Edges) != 2 {
		t.Errorf("graph of %d nodes and %d edges, want users → front → back", len(graph.Nodes), len(graph.Edges))
	}
	if out := ask(exitOK, "graph"); !strings.Contains(out, "back-v1") {
		t.Errorf("graph table lacks back-v1:\n%s", out)
	}
	if out := ask(exitOK, "slo", "status"); !strings.Contains(out, "front-availability") {
		t.Errorf("slo status lacks the objective:\n%s", out)
	}
	if out := ask(exitOK, "doctor"); out == "" {
		t.Error("doctor says nothing")
	}
	ask(exitOK, "tune", "plan", "front", "back")
}

func keys(t *testing.T, what string, object map[string]any, want ...string) {
	t.Helper()
	for _, k := range want {
		if _, ok := object[k]; !ok {
			t.Errorf("%s has no key %q: %v", what, k, object)
		}
	}
}

// checkNothingLeft looks for files and for processes that still serve.
func checkNothingLeft(t *testing.T, tmp string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	lines, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range lines {
		text, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && strings.Contains(string(text), tmp) {
			t.Errorf("process %s is left: %s", e.Name(), strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
}
