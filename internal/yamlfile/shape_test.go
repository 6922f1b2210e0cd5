package yamlfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decodeText(t *testing.T, in string, out any) string {
	t.Helper()
	docs, err := Parse("f.yaml", []byte(in))
	if err == nil && len(docs) > 0 {
		err = docs[0].Decode(out)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestWrongShape holds what a person reads who wrote a list, a mapping or a
// single value in the place of another: one finding, at the value itself, and
// no name of a Go type.
func TestWrongShape(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"list as document":      {"- just\n- a list\n", "f.yaml:1: a list stands where a mapping is expected"},
		"value as document":     {"just words\n", "f.yaml:1: a single value stands where a mapping is expected"},
		"list as struct":        {"common: [a]\n", "f.yaml:1: common: a list stands where a mapping is expected"},
		"mapping as list":       {"parts:\n  path: /x\n", "f.yaml:2: parts: a mapping stands where a list is expected"},
		"value as list":         {"parts: /x\n", "f.yaml:1: parts: a single value stands where a list is expected"},
		"list as value":         {"name: [a, b]\n", "f.yaml:1: name: a list stands where a single value is expected"},
		"mapping as value":      {"parts:\n- count: {n: 1}\n", "f.yaml:2: parts[0].count: a mapping stands where a single value is expected"},
		"list as map":           {"by_name:\n- a\n", "f.yaml:2: by_name: a list stands where a mapping is expected"},
		"value behind pointer":  {"by_name: {one: 3}\n", "f.yaml:1: by_name.one: a single value stands where a mapping is expected"},
		"list in a list":        {"parts:\n- - a\n", "f.yaml:2: parts[0]: a list stands where a mapping is expected"},
		"alias of a list":       {"free: {x: &l [1]}\nname: *l\n", "f.yaml:1: name: a list stands where a single value is expected"},
		"null is nothing":       {"parts: ~\ncommon:\nby_name: null\n", ""},
		"with a wrong type":     {"parts:\n- count: many\n  path: [1]\n", "f.yaml:2: parts[0].count: cannot unmarshal !!str `many` into int\nf.yaml:3: parts[0].path: a list stands where a single value is expected"},
		"anything in free":      {"free: {a: [1], b: {c: 2}, d: x}\n", ""},
		"duration from mapping": {"parts:\n- wait: {s: 1}\n", "f.yaml:2: parts[0].wait.s: \"\" is not a duration such as 250ms, 1.5s or 3m"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, decodeText(t, tc.in, new(file))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAliases checks that anchors and merge keys mean what YAML says, and that
// a mistake inside an anchored value is still found.
func TestAliases(t *testing.T) {
	var got file
	in := "parts:\n- &base {path: /x, count: 2, wait: 1s}\n- *base\n- {<<: *base, count: 3}\n"
	if err := decodeText(t, in, &got); err != "" {
		t.Fatal(err)
	}
	base := got.Parts[0]
	merged := base
	merged.Count = 3
	if diff := cmp.Diff([]part{base, base, merged}, got.Parts); diff != "" {
		t.Error(diff)
	}
	for in, want := range map[string]string{
		"free: {x: &p {cuont: 1}}\nparts: [*p]\n":         "f.yaml:1: parts[0].cuont: unknown field; did you mean \"count\"?",
		"free: {x: &p {cuont: 1}}\nparts: [{<<: *p}]\n":   "f.yaml:1: parts[0].cuont: unknown field; did you mean \"count\"?",
		"free: {x: &p {cuont: 1}}\nparts: [{<<: [*p]}]\n": "f.yaml:1: parts[0].cuont: unknown field; did you mean \"count\"?",
		"name: *nobody\n":        "f.yaml: unknown anchor 'nobody' referenced",
		"free: &f {again: *f}\n": "f.yaml: anchor 'f' value contains itself",
	} {
		if got := decodeText(t, in, new(file)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestOddBytes feeds what editors and copy-and-paste leave in files.
func TestOddBytes(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, in := range map[string]string{
		"CRLF":      "name: a\r\nparts:\r\n- path: /x\r\n",
		"BOM":       "\ufeffname: a\nparts:\n- path: /x\n",
		"long line": "# " + long + "\nname: a\nparts:\n- path: /x\n",
	} {
		var got file
		if err := decodeText(t, in, &got); err != "" || got.Name != "a" || len(got.Parts) != 1 || got.Parts[0].Path != "/x" {
			t.Errorf("%s: got %+v, %s", name, got, err)
		}
	}
	var got file
	if err := decodeText(t, "name: "+long+"\n", &got); err != "" || got.Name != long {
		t.Errorf("a long value became one of %d bytes, %s", len(got.Name), err)
	}
	for name, in := range map[string]string{
		"tab":       "common:\n\tname: a\n",
		"not UTF-8": "name: \xff\xfe\n",
		"NUL":       "name: a\x00b\n",
		"deep":      "free: " + strings.Repeat("[", 20_000) + "\n",
	} {
		if _, err := Parse("f.yaml", []byte(in)); err == nil || !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("%s: error %v does not name the file", name, err)
		}
	}
}
