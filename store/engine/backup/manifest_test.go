package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestManifestComesBack(t *testing.T) {
	dir := t.TempDir()
	want := Manifest{
		Name: "a.tar", Base: "b.tar", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Database: "plimsoll",
		Engine: "26.7.2.1", Tables: []Table{{"calls", 1 << 63, "18446744073709551615"}}, Bytes: 7, Checksum: "ab",
	}
	if err := want.write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := readManifest(dir, "a.tar")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(dir, "a.tar.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.tar.json.new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left over: %v", err)
	}
}

func TestReadManifestRefuses(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"{":                          "unexpected end",
		`{"base": "../x.tar"}`:       "base: backup ../x.tar is not within",
		`{"base": "/etc/x.tar"}`:     "is not within",
		`{"tables": [{"rows": -1}]}`: "rows",
	} {
		put(t, filepath.Join(dir, "a.tar.json"), text)
		if _, err := readManifest(dir, "a.tar"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.tar.json") {
			t.Errorf("%s: %v, want %q and the file", text, err, want)
		}
	}
	if _, err := readManifest(dir, "missing.tar"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v, want ErrNotExist", err)
	}
}

func TestCompareNamesEveryTable(t *testing.T) {
	m := Manifest{Tables: []Table{{"a", 1, "x"}, {"b", 2, "y"}, {"c", 3, "z"}}}
	if err := m.compare([]Table{{"c", 3, "z"}, {"a", 1, "x"}, {"b", 2, "y"}, {"more", 1, ""}}); err != nil {
		t.Errorf("equal tables differ: %v", err)
	}
	err := m.compare([]Table{{"a", 1, "other"}, {"b", 5, "y"}})
	want := "table a has other rows than those that were backed up\ntable b has 5 rows, not 2\ntable c is missing"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	if err := (Manifest{}).compare(nil); err != nil {
		t.Errorf("an unverified backup differs: %v", err)
	}
}

func TestInspectFollowsTheChain(t *testing.T) {
	dir := t.TempDir()
	for name, manifest := range map[string]string{
		"full.tar": `{"bytes": 1}`, "inc.tar": `{"base": "full.tar"}`, "plain": "",
		"loop1.tar": `{"base": "loop2.tar"}`, "loop2.tar": `{"base": "loop1.tar"}`, "lost.tar": `{"base": "gone.tar"}`,
	} {
		put(t, filepath.Join(dir, name), "12345")
		if manifest != "" {
			put(t, filepath.Join(dir, name+".json"), manifest)
		}
	}
	tests := []struct{ typed, want, err string }{
		{"full.tar", "full.tar", ""},
		{"inc.tar", "inc.tar full.tar", ""},
		{filepath.Join(dir, "inc.tar"), "inc.tar full.tar", ""},
		{"plain", "plain", ""},
		{"loop1.tar", "", "backup loop1.tar is its own base"},
		{"lost.tar", "", "backup lost.tar adds to another: no backup gone.tar in " + dir},
		{"gone.tar", "", "no backup gone.tar in " + dir},
		{"../x.tar", "", "is not within"},
	}
	for _, tt := range tests {
		chain, err := Inspect(dir, tt.typed)
		var names []string
		for _, m := range chain {
			names = append(names, m.Name)
		}
		if got := strings.Join(names, " "); got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Inspect(%s) = %s, %v, want %s, %q", tt.typed, got, err, tt.want, tt.err)
		}
	}
	if chain, _ := Inspect(dir, "plain"); len(chain) == 1 && (chain[0].Bytes != 5 || chain[0].Verified()) {
		t.Errorf("a backup without manifest = %+v", chain[0])
	}
}

func TestListIsInTheOrderOfTime(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "b.tar.json"), `{"created": "2026-01-01T00:00:00Z"}`)
	put(t, filepath.Join(dir, "a.tar.json"), `{"created": "2026-01-02T00:00:00Z"}`)
	put(t, filepath.Join(dir, "c.tar"), "")
	list, err := List(dir)
	if err != nil || len(list) != 2 || list[0].Name != "b.tar" || list[1].Name != "a.tar" {
		t.Errorf("list = %+v, %v", list, err)
	}
	if list, err := List(filepath.Join(dir, "missing")); err != nil || len(list) != 0 {
		t.Errorf("list of a missing directory = %v, %v", list, err)
	}
	put(t, filepath.Join(dir, "bad.tar.json"), "{")
	if _, err := List(dir); err == nil || !strings.Contains(err.Error(), "bad.tar.json") {
		t.Errorf("error = %v, want the bad manifest named", err)
	}
}

func TestChecksumSeesNamesAndBytes(t *testing.T) {
	dir := t.TempDir()
	sum := func(build func(root string)) string {
		t.Helper()
		root, err := os.MkdirTemp(dir, "x")
		if err != nil {
			t.Fatal(err)
		}
		build(root)
		text, err := checksum(root)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := sum(func(root string) { put(t, root+"/a/x", "1"); put(t, root+"/b", "2") })
	if again := sum(func(root string) { put(t, root+"/b", "2"); put(t, root+"/a/x", "1") }); again != first {
		t.Error("the same files have another checksum")
	}
	for what, build := range map[string]func(string){
		"other bytes": func(root string) { put(t, root+"/a/x", "1"); put(t, root+"/b", "3") },
		"other name":  func(root string) { put(t, root+"/a/y", "1"); put(t, root+"/b", "2") },
		"one less":    func(root string) { put(t, root+"/a/x", "1") },
		"one more":    func(root string) { put(t, root+"/a/x", "1"); put(t, root+"/b", "2"); put(t, root+"/c", "") },
		"moved bytes": func(root string) { put(t, root+"/a/x", "12"); put(t, root+"/b", "") },
	} {
		if sum(build) == first {
			t.Errorf("%s: the same checksum", what)
		}
	}
	put(t, dir+"/file", "abc")
	// SHA-256 of "abc", FIPS 180-4.
	if got, err := checksum(dir + "/file"); err != nil || got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("checksum of a file = %s, %v", got, err)
	}
	if _, err := checksum(dir + "/missing"); err == nil {
		t.Error("a missing file has a checksum")
	}
}
