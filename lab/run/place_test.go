package run

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyTheUserEntersThePlace(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p, err := newPlace("x")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := p.write("secret", []byte("s"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(secret); !os.IsNotExist(err) {
		t.Errorf("after remove: %v", err)
	}
}

func TestRenameDir(t *testing.T) {
	dir := t.TempDir()
	full, empty := filepath.Join(dir, "full"), filepath.Join(dir, "empty")
	for _, d := range []string{full, empty} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(full, "a.log"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := renameDir(full, full+"-kept"); err != nil {
		t.Error(err)
	}
	if err := renameDir(empty, empty+"-kept"); err == nil {
		t.Error("an empty directory is kept")
	}
}

func TestTakenPortIsNamedWithTheRemedy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	busy := l.Addr().(*net.TCPAddr).Port
	p := &ports{next: busy, unused: true}
	_, err = p.take("the analyzer")
	for _, want := range []string{"needed for the analyzer", "is taken", "--base-port"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
	if p.next != busy+1 {
		t.Errorf("next port is %d", p.next)
	}
	if got, err := (&ports{next: busy}).take("a check"); err != nil || got != busy {
		t.Errorf("without need to be unused: %d, %v", got, err)
	}
	if _, err := (&ports{next: 65536}).take("x"); err == nil || !strings.Contains(err.Error(), "--base-port") {
		t.Errorf("beyond the last port: %v", err)
	}
}

func TestFindTool(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	executable := filepath.Join(dir, "bin", "plimsoll")
	t.Setenv("LAB_TOOL", "")
	_, err := FindTool("", "LAB_TOOL", "envoy", executable)
	if err == nil || err.Error() != "envoy is not there: run `make tools` to fetch it, or name your own with $LAB_TOOL" {
		t.Errorf("missing tool: %v", err)
	}
	for _, place := range []string{"bin/envoy", ".cache/tools/envoy", "mine", "named"} {
		path := filepath.Join(dir, place)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		named := ""
		switch place {
		case "mine":
			t.Setenv("LAB_TOOL", path)
		case "named":
			named = path
		}
		if got, err := FindTool(named, "LAB_TOOL", "envoy", executable); err != nil || got != path {
			t.Errorf("with %s: found %s, %v", place, got, err)
		}
	}
	if _, err := FindTool(filepath.Join(dir, "none"), "LAB_TOOL", "envoy", executable); err == nil {
		t.Error("a named tool that is not there is found")
	}
}
