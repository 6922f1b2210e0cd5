package yamlfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type part struct {
	Path  string   `yaml:"path"`
	Count int      `yaml:"count"`
	Wait  Duration `yaml:"wait"`
}

type Common struct {
	Name string `yaml:"name"`
}

type file struct {
	Common `yaml:",inline"`
	Shared Common           `yaml:"common"`
	Parts  []part           `yaml:"parts"`
	ByName map[string]*part `yaml:"by_name"`
	Free   map[string]any   `yaml:"free"`
}

// TestDecodeErrors holds each kind of mistake to the exact text a person sees.
func TestDecodeErrors(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"good":                    {"name: a\nparts:\n- path: /x\n  count: 2\n  wait: 250ms\n", ""},
		"unknown at top":          {"naem: a\n", "f.yaml:1: naem: unknown field; did you mean \"name\"?"},
		"unknown in a list":       {"name: a\nparts:\n- path: /x\n- pathology: /y\n", "f.yaml:4: parts[1].pathology: unknown field"},
		"unknown in a map":        {"by_name:\n  one:\n    cuont: 3\n", "f.yaml:3: by_name.one.cuont: unknown field; did you mean \"count\"?"},
		"anything in a free map":  {"free: {a: {b: [1]}}\n", ""},
		"twice":                   {"name: a\nname: b\n", "f.yaml:2: name: key stands twice"},
		"wrong type":              {"parts:\n- count: many\n", "f.yaml:2: parts[0].count: cannot unmarshal !!str `many` into int"},
		"bare number as duration": {"parts:\n- wait: 5\n", "f.yaml:2: parts[0].wait: \"5\" is not a duration such as 250ms, 1.5s or 3m"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, err := Parse("f.yaml", []byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := docs[0].Decode(new(file)); err != nil {
				got = strings.Split(err.Error(), "\n")[0]
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeReportsAll(t *testing.T) {
	docs, err := Parse("f.yaml", []byte("x: 1\nparts:\n- y: 2\n- count: no\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = docs[0].Decode(new(file))
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("got %d findings, want 3:\n%v", n, err)
	}
}

func TestParse(t *testing.T) {
	docs, err := Parse("f.yaml", []byte("---\nname: a\n---\n# nothing\n---\nname: b\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 {
		t.Fatalf("got %d documents, want 2", len(docs))
	}
	if got := docs[1].Line(); got != 6 {
		t.Errorf("second document starts at line %d, want 6", got)
	}
	_, err = Parse("f.yaml", []byte("a: b\n  c: [\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "f.yaml:2: ") {
		t.Errorf("syntax error = %v, want one at f.yaml:2", err)
	}
}

func TestErrorf(t *testing.T) {
	docs, err := Parse("f.yaml", []byte("name: a\nparts:\n- path: /x\n- path: /y\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"parts[1].path":  "f.yaml:4: parts[1].path: bad",
		"parts[1].count": "f.yaml:4: parts[1].count: bad",
		"parts[7].count": "f.yaml:3: parts[7].count: bad",
		"other":          "f.yaml:1: other: bad",
		"":               "f.yaml:1: bad",
	} {
		if got := docs[0].Errorf(path, "bad").Error(); got != want {
			t.Errorf("Errorf(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestSubDocument(t *testing.T) {
	docs, err := Parse("f.yaml", []byte("parts:\n- path: /x\n- file.yaml\n"))
	if err != nil {
		t.Fatal(err)
	}
	sub, ok := docs[0].Doc("parts[0]")
	var p part
	if !ok || sub.Decode(&p) != nil || p.Path != "/x" {
		t.Errorf("parts[0] = %+v, %v", p, ok)
	}
	sub, _ = docs[0].Doc("parts[1]")
	if s, ok := sub.IsString(); !ok || s != "file.yaml" {
		t.Errorf("parts[1] = %q, %v, want a string", s, ok)
	}
	if _, ok := docs[0].Doc("parts[2]"); ok {
		t.Error("parts[2] found, want nothing")
	}
	if j, err := docs[0].JSON(); err != nil || string(j) != `{"parts":[{"path":"/x"},"file.yaml"]}` {
		t.Errorf("JSON = %s, %v", j, err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(filepath.Join(dir, "none.yaml")); err == nil {
		t.Error("no error for a missing file")
	}
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, make([]byte, maxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(big); err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("error for a huge file = %v", err)
	}
}

func TestErrorsAdd(t *testing.T) {
	var list Errors
	list.Add(nil)
	if list.Err() != nil {
		t.Error("empty list is an error")
	}
	list.Add(&Error{File: "a", Line: 1, Msg: "one"})
	list.Add(Errors{{File: "b", Msg: "two"}})
	list.Add(os.ErrNotExist)
	want := "a:1: one\nb: two\n: file does not exist"
	if got := list.Err().Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("name: a\nparts: [{path: /x, count: 1}]\nby_name: {a: {wait: 1s}}\n"))
	f.Add([]byte("a: &x {b: *x}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := Parse("f.yaml", data)
		if err != nil {
			return
		}
		for _, d := range docs {
			_ = d.Decode(new(file))
			d.Errorf("parts[0].count", "x")
		}
	})
}
