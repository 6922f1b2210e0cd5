package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a test that fails without ending the real one.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, strings.TrimSpace(format))
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "want.txt")
	for _, step := range []struct {
		name     string
		rewrite  bool
		got      string
		failures int
	}{
		{"missing", false, "a", 1},
		{"written", true, "a", 0},
		{"same", false, "a", 0},
		{"differs", false, "b", 1},
		{"rewritten", true, "b", 0},
		{"same again", false, "b", 0},
	} {
		old := *update
		*update = step.rewrite
		r := &recorder{TB: t}
		Check(r, path, []byte(step.got))
		*update = old
		if len(r.said) != step.failures {
			t.Errorf("%s: %d failures, want %d: %q", step.name, len(r.said), step.failures, r.said)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "b" {
		t.Errorf("file holds %q, %v", data, err)
	}
}
