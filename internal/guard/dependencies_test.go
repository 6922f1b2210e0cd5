package guard

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

var tableRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\|$")

// TestEveryDirectDependencyHasAReason compares go.mod with docs/dependencies.md.
func TestEveryDirectDependencyHasAReason(t *testing.T) {
	dir := root(t)
	text, err := os.ReadFile(filepath.Join(dir, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]bool{}
	for _, row := range tableRow.FindAllStringSubmatch(string(text), -1) {
		reasons[row[1]] = true
	}
	for _, path := range directDependencies(t, dir) {
		if !reasons[path] {
			t.Errorf("%s has no reason in docs/dependencies.md", path)
		}
		delete(reasons, path)
	}
	for path := range reasons {
		t.Errorf("docs/dependencies.md gives a reason for %s, which go.mod does not require directly", path)
	}
}

func directDependencies(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("reading go.mod: %v", err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace []struct{ Old struct{ Path string } }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Replace {
		t.Errorf("go.mod replaces %s: a module that others install must not", r.Old.Path)
	}
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	return direct
}
