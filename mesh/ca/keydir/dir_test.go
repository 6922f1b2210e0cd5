package keydir

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

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func wants(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, want %s", err, text)
	}
}

func TestOnlyTheOwnerMayUseIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "ca")
	d := open(t, path)
	if err := d.Write("x", []byte("1")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"": fs.ModeDir | 0o700, "x": 0o600, "lock": 0o600} {
		info, err := os.Stat(d.Path(name))
		if err != nil || info.Mode() != want {
			t.Errorf("%q has mode %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

func TestWiderModesAreRefusedByName(t *testing.T) {
	for _, mode := range []fs.FileMode{0o750, 0o701, 0o770, 0o777} {
		path := t.TempDir()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		wants(t, err, "so others can use it; run: chmod 0700 "+path)
	}
	d := open(t, filepath.Join(t.TempDir(), "ca"))
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620} {
		if err := d.Write("x", nil); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d.Path("x"), mode); err != nil {
			t.Fatal(err)
		}
		_, err := d.Read("x")
		wants(t, err, "run: chmod 0600 "+d.Path("x"))
	}
}

func TestOpenRefusesAFileAndASecondProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca")
	d := open(t, path)
	_, err := Open(path)
	wants(t, err, "another process holds it")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("opened a file")
	}
}

func TestWriteReplacesWhole(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "ca"))
	for _, content := range []string{"first", "second, longer", ""} {
		if err := d.Write("b.json", []byte(content)); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read("b.json")
		if err != nil || string(got) != content {
			t.Errorf("read %q, %v; want %q", got, err, content)
		}
	}
	if err := d.Write("a.json", nil); err != nil {
		t.Fatal(err)
	}
	names, err := d.Names("*.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.json", "b.json"}, names); diff != "" {
		t.Error(diff)
	}
	if left, _ := d.Names(".new-*"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	for range 2 {
		if err := d.Remove("a.json"); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Read("a.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestReadPrivateBounds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ReadPrivate(path, 4)
	wants(t, err, "has 5 bytes, more than 4")
	_, err = ReadPrivate(filepath.Dir(path), 100)
	wants(t, err, "is not a regular file")
	if text, err := ReadPrivate(path, 5); err != nil || string(text) != "12345" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestRootIsKept(t *testing.T) {
	now := time.Now()
	d := open(t, filepath.Join(t.TempDir(), "ca"))
	root, err := d.Make("root-1.pem", "td", now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Load("root-1.pem")
	if err != nil {
		t.Fatal(err)
	}
	if !got.Root().Equal(root.Root()) {
		t.Error("another root came back")
	}
	if err := got.Validate("td", now); err != nil {
		t.Error(err)
	}
	if err := d.Destroy("root-1.pem"); err != nil {
		t.Error(err)
	}
	if _, err := d.Load("root-1.pem"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := d.Make("root-2.pem", "no domain", now); err == nil {
		t.Error("made a root of no domain")
	}
}

func TestLoadRefuses(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "ca"))
	if _, err := d.Make("good.pem", "td", time.Now()); err != nil {
		t.Fatal(err)
	}
	good, err := d.Read("good.pem")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"empty": {"", "want a CERTIFICATE and a PRIVATE KEY in PEM"},
		"half":  {string(good[:len(good)/2]), "want a CERTIFICATE and a PRIVATE KEY in PEM"},
		"twice": {string(good) + string(good), "want a CERTIFICATE and a PRIVATE KEY in PEM"},
		"key":   {strings.Replace(string(good), "PRIVATE KEY-----\n", "PRIVATE KEY-----\nAAAA", 1), "the key cannot be read"},
	} {
		if err := d.Write("bad.pem", []byte(tc.text)); err != nil {
			t.Fatal(err)
		}
		_, err := d.Load("bad.pem")
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	if _, err := d.Load("none.pem"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
