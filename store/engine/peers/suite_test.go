package peers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const clickhouseGo = "github.com/ClickHouse/clickhouse-go/v2"

// module is a module of go.mod as `go list -m -json` describes it.
type module struct{ Dir, Version string }

func findModule(t *testing.T, path string) module {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-json", path).Output()
	if err != nil {
		t.Fatalf("finding %s: %v", path, err)
	}
	var m module
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// forceHTTP makes every connection of the copied client speak HTTP.
func forceHTTP(dir string) error {
	const head = "func (o Options) setDefaults() *Options {\n"
	path := filepath.Join(dir, "clickhouse_options.go")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if strings.Count(string(text), head) != 1 {
		return fmt.Errorf("%s has no function setDefaults to change", path)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), head, head+"\to.Protocol = HTTP\n", 1)), 0o600)
}

// event is a line of `go test -json`.
type event struct{ Action, Package, Test, Output string }

// results are the outcomes of a run by "package/test", and what each test said.
type results struct {
	outcome map[string]string
	output  map[string]string
}

// parseEvents reads the output of `go test -json`; lines that are none, such as
// those of a build, are kept under the name "".
func parseEvents(r io.Reader) (results, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return results{}, err
	}
	res := results{outcome: map[string]string{}, output: map[string]string{}}
	for line := range bytes.Lines(text) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil || e.Test == "" {
			res.output[""] += string(line)
			continue
		}
		name := strings.TrimPrefix(e.Package, clickhouseGo+"/") + "." + e.Test
		switch e.Action {
		case "pass", "fail", "skip":
			res.outcome[name] = e.Action
		case "output":
			res.output[name] += e.Output
		}
	}
	return res, nil
}

// leaves drops tests that only hold others.
func (r results) leaves() map[string]string {
	inner := map[string]bool{}
	for name := range r.outcome {
		for i := strings.LastIndexByte(name, '/'); i > strings.IndexByte(name, '.'); i = strings.LastIndexByte(name[:i], '/') {
			inner[name[:i]] = true
		}
	}
	leaves := map[string]string{}
	for name, outcome := range r.outcome {
		if !inner[name] {
			leaves[name] = outcome
		}
	}
	return leaves
}

// namesHTTP reports a test that says by its name that it speaks HTTP.
func namesHTTP(name string) bool {
	return strings.Contains(strings.ToLower(name[strings.IndexByte(name, '.')+1:]), "http")
}

// parseExpected reads "name<tab>reason" lines; # starts a comment.
func parseExpected(text string) (map[string]string, error) {
	expected := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, found := strings.Cut(line, "\t")
		if !found || strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("line %d: %s has no reason", i+1, name)
		}
		if expected[name] != "" {
			return nil, fmt.Errorf("line %d: %s is listed twice", i+1, name)
		}
		expected[name] = reason
	}
	return expected, nil
}

// judge compares outcomes with the list. A reason that begins with "sometimes"
// lets a test pass as well.
func judge(outcomes, expected map[string]string) error {
	var errs []error
	for name, outcome := range outcomes {
		reason := expected[name]
		switch {
		case outcome == "fail" && reason == "":
			errs = append(errs, fmt.Errorf("%s fails and is not listed", name))
		case outcome == "pass" && reason != "" && !strings.HasPrefix(reason, "sometimes"):
			errs = append(errs, fmt.Errorf("%s passes: take it off the list (%s)", name, reason))
		}
	}
	for name := range expected {
		if outcomes[name] == "" {
			errs = append(errs, fmt.Errorf("%s is listed and was not run", name))
		}
	}
	return errors.Join(errs...)
}
