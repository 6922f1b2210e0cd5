package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// TestBad holds every file of testdata/bad to the exact findings beside it. A
// file must have findings, and no finding may lack its line.
func TestBad(t *testing.T) {
	t.Chdir("testdata/bad") // so that findings name files as a user in that folder sees them
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			_, err := Read(file)
			if err == nil {
				t.Fatal("no findings")
			}
			got := err.Error() + "\n"
			wanted := strings.TrimSuffix(file, ".yaml") + ".txt"
			golden.Check(t, wanted, []byte(got))
		})
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	two := filepath.Join(dir, "two.yaml")
	if err := os.WriteFile(two, []byte("name: a\n---\nname: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("name: [a\nseed: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "no such file",
		two:                             "has 2 documents, a scenario is exactly one",
		broken:                          "broken.yaml:",
	} {
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", filepath.Base(file), err, want)
		}
	}
}

// FuzzParse must never panic, and what it accepts must have its defaults.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"../scenarios/pair.yaml", "testdata/bad/timeline.yaml", "testdata/bad/phases.yaml", "testdata/bad/work.yaml", "testdata/bad/cycle.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := yamlfile.Parse("f.yaml", data)
		if err != nil || len(docs) != 1 {
			return
		}
		s, err := Parse(docs[0])
		if err != nil {
			return
		}
		if s.Name == "" || s.Duration <= 0 || len(s.Services) == 0 || len(s.Load) == 0 {
			t.Errorf("accepted an impossible scenario: %+v", s)
		}
		for _, l := range s.Load {
			if l.Until <= l.From || l.RPS <= 0 || l.Deadline <= 0 || l.Method == "" {
				t.Errorf("accepted an impossible load: %+v", l)
			}
		}
	})
}
