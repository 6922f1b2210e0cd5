package guard

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

const maxLines = 800

func TestFilesFitInAHead(t *testing.T) {
	for _, file := range tracked(t, "*.go", "*.py", "*.ts", "*.tsx") {
		if strings.Contains(file, "/api/gen/") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			continue // deleted, not yet committed
		}
		if n := bytes.Count(data, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: one file is one concern", file, n, maxLines)
		}
	}
}

// privatePath matches paths of somebody's machine, which have no place in code.
var privatePath = regexp.MustCompile(`(?:^|[\s"'=(])/(?:work|farm|home|Users)/\w+`)

func TestNoPathsOfAMachine(t *testing.T) {
	for _, file := range tracked(t) {
		data, err := os.ReadFile(file)
		if err != nil || len(data) > 1<<20 {
			continue
		}
		if m := privatePath.Find(data); m != nil && !strings.HasSuffix(file, "files_test.go") {
			t.Errorf("%s names a path of one machine: %s", file, bytes.TrimSpace(m))
		}
	}
}

// TestVagueNames keeps out the folders where things without a home pile up.
func TestVagueNames(t *testing.T) {
	for _, p := range packages(t) {
		for _, step := range strings.Split(p.room(), "/") {
			switch step {
			case "util", "utils", "helper", "helpers", "common", "misc", "base", "shared":
				t.Errorf("%s: a package is named after what it is about, not %q", p.room(), step)
			}
		}
	}
}
