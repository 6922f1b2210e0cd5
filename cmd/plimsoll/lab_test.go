package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/lab/report"
	"github.com/plimsoll-mesh/plimsoll/lab/run"
)

// edited writes a copy of the scenario "pair" with one text replaced, and
// returns its path.
func edited(t *testing.T, old, replacement string) string {
	t.Helper()
	text, err := os.ReadFile("../../lab/scenarios/pair.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("pair.yaml has no %q", old)
	}
	file := filepath.Join(t.TempDir(), "pair.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const badObjective = `slos:
- apiVersion: openslo/v1
  kind: SLO
  metadata: {name: front}
  spec:
    service: front
    budgetingMethod: Average

phases:`

// TestLabValidate: whatever a file is wrong about is found without a run, with
// its line and field; warnings refuse nothing.
func TestLabValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		old, replacement string
		code             int
		stdout, stderr   string
	}{
		"good":              {"seed: 1", "seed: 2", exitOK, "pair is a valid scenario of 20s\n", ""},
		"unknown field":     {"seed: 1", "sead: 1", exitBadData, "", "pair.yaml:6: sead: "},
		"missing service":   {"service: back, path", "service: bak, path", exitBadData, "", `pair.yaml:15: services[0].endpoints[0].calls[0].service: no service "bak"`},
		"no load":           {"load:\n- {service: front, path: /, rps: 40, deadline: 500ms}", "load: []", exitBadData, "", "load: missing"},
		"no services":       {"service: front, path: /, rps", "service: none, path: /, rps", exitBadData, "", "load[0].service"},
		"bad mesh":          {"hosts: [back]", "hosts: [nobody]", exitBadData, "", "nobody"},
		"bad objective":     {"phases:", badObjective, exitBadData, "", `spec.budgetingMethod: "Average" is not supported`},
		"bad expectation":   {"phase.calm.goodput", "fase.calm.goodput", exitBadData, "", "pair.yaml:"},
		"no control plane":  {"do: slow, service: back, factor: 4, for: 4s", "do: control_plane_kill", exitBadData, "", "no control plane to kill"},
		"weight for nobody": {"route:\n      - destination: {host: back}", "route:\n      - {destination: {host: back}, weight: 100}\n      - {destination: {host: back, subset: v9}, weight: 0}", exitOK, "valid scenario", "warning: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := plimsoll(t.Context(), "lab", "validate", edited(t, tc.old, tc.replacement))
			if got.code != tc.code || !strings.Contains(got.stdout, tc.stdout) || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("want exit %d, stdout %q, stderr %q, got\n%s", tc.code, tc.stdout, tc.stderr, got)
			}
			if tc.stderr == "" && got.stderr != "" {
				t.Errorf("stderr %q", got.stderr)
			}
		})
	}
}

// TestLabValidateListsAll: one bad file does not hide another.
func TestLabValidateListsAll(t *testing.T) {
	got := plimsoll(t.Context(), "lab", "validate",
		edited(t, "seed: 1", "sead: 1"), "../../lab/scenarios/bookinfo.yaml", filepath.Join(t.TempDir(), "none.yaml"))
	for _, want := range []string{"sead", "none.yaml", "bookinfo is a valid scenario"} {
		if !strings.Contains(got.stderr+got.stdout, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if got.code != exitBadData {
		t.Errorf("exit %d", got.code)
	}
}

// TestLabRunRefuses: what cannot work is refused in one sentence with its remedy
// before anything starts.
func TestLabRunRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(run.EnvoyEnv, "")
	t.Setenv(run.LibraryEnv, plain)
	pair := "../../lab/scenarios/pair.yaml"
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"duration":             {[]string{pair, "--duration", "soon"}, exitUsage, "--duration \"soon\": use a time such as 3m"},
		"negative duration":    {[]string{pair, "--duration", "-3m"}, exitUsage, "--duration"},
		"seed":                 {[]string{pair, "--seed", "12abc"}, exitUsage, "--seed \"12abc\": use a whole number above 0"},
		"seed 0":               {[]string{pair, "--seed", "0"}, exitUsage, "--seed"},
		"port of the system":   {[]string{pair, "--base-port", "80"}, exitUsage, "--base-port 80: use a port from 1024 to 65535"},
		"store without scheme": {[]string{pair, "--store", "localhost:8123"}, exitUsage, "--store: parsing store dsn"},
		"report in a file":     {[]string{pair, "--report", filepath.Join(plain, "r.json")}, exitUsage, "--report: "},
		"page is a folder":     {[]string{pair, "--page", t.TempDir()}, exitUsage, "--page: "},
		"Envoy is not there":   {[]string{pair, "--envoy", missing}, exitUnavailable, "make tools"},
		"Envoy does not run":   {[]string{pair, "--envoy", plain}, exitUnavailable, "name an Envoy that does with --envoy or $" + run.EnvoyEnv},
		"library is not there": {[]string{pair, "--envoy", "/bin/true", "--library", missing}, exitUnavailable, "libchdb.so"},
		"no scenario":          {[]string{missing}, exitBadData, "none"},
		"two scenarios":        {[]string{pair, pair}, exitUsage, ""},
		"too short":            {[]string{"../../lab/scenarios/bookinfo.yaml", "--duration", "20s", "--envoy", "/bin/true"}, exitUsage, "the collapse must be seen"},
	} {
		t.Run(name, func(t *testing.T) {
			got := plimsoll(t.Context(), append([]string{"lab", "run"}, tc.args...)...)
			if got.code != tc.code || !strings.Contains(got.stderr, tc.want) || got.stdout != "" {
				t.Errorf("want exit %d with %q, got\n%s", tc.code, tc.want, got)
			}
			if strings.Contains(got.stderr, "starting the store") {
				t.Errorf("something was started:\n%s", got)
			}
		})
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	fresh, old := filepath.Join(dir, "deep", "r.json"), filepath.Join(dir, "old.json")
	if err := os.WriteFile(old, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{fresh, old} {
		if err := writable(file); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("the check left a file: %v", err)
	}
	if text, _ := os.ReadFile(old); string(text) != "kept" {
		t.Errorf("the check changed a file: %q", text)
	}
}

// TestFinish: the summary is on stdout, the files are where they were asked for.
func TestFinish(t *testing.T) {
	dir := t.TempDir()
	f := labFlags{report: filepath.Join(dir, "r.json"), page: filepath.Join(dir, "p.html")}
	var out bytes.Buffer
	r := &report.Report{Scenario: "pair", Expectations: []report.Expectation{{Name: "a", Holds: true}, {Name: "b"}}}
	if err := f.finish(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pair, seed 0", "report: " + f.report, "page:   " + f.page} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not said:\n%s", want, out.String())
		}
	}
	for _, file := range []string{f.report, f.page} {
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := judged(r); exitCode(err) != exitFindings || err.Error() != "1 of 2 expectations do not hold" {
		t.Errorf("verdict %v", err)
	}
	r.Expectations[1].Holds = true
	if err := judged(r); err != nil {
		t.Errorf("all hold, yet %v", err)
	}
}

func TestPrintAddresses(t *testing.T) {
	var out bytes.Buffer
	printAddresses(&out, run.Addresses{Analyzer: "http://a", TokenFile: "/v", Operator: "/o", Directory: "/d", Users: "http://u/"})
	for _, want := range []string{"users call       http://u/", "analyzer         http://a", "/d", "export PLIMSOLL_URL=http://a PLIMSOLL_TOKEN_FILE=/v", "tune apply), use --token-file /o"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
}

func TestSLOValidate(t *testing.T) {
	good := "../../lab/scenarios/bookinfo-slo.yaml"
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte(strings.Replace(string(text), "budgetingMethod: Occurrences", "budgetingMethod: Average", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		files          []string
		code           int
		stdout, stderr string
	}{
		"good":  {[]string{good}, exitOK, "productpage-availability is a valid objective of productpage\n", ""},
		"bad":   {[]string{bad}, exitBadData, "", "bad.yaml:"},
		"field": {[]string{bad}, exitBadData, "", `spec.budgetingMethod: "Average" is not supported`},
		"twice": {[]string{good, good}, exitBadData, "", "stands already at"},
		"none":  {[]string{bad + ".none"}, exitBadData, "", "no such file"},
		"usage": {nil, exitUsage, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := plimsoll(t.Context(), append([]string{"slo", "validate"}, tc.files...)...)
			if got.code != tc.code || got.stdout != tc.stdout || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("want exit %d, stdout %q, stderr %q, got\n%s", tc.code, tc.stdout, tc.stderr, got)
			}
		})
	}
}
