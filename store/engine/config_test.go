package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConfigComplete(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Config{DataDir: "d", Library: "l.so"}.complete()
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		DataDir: filepath.Join(wd, "d"), Socket: filepath.Join(wd, "d", "clickhouse.sock"),
		Library: filepath.Join(wd, "l.so"), Backups: filepath.Join(wd, "d", "backups"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	for name, bad := range map[string]Config{
		"no data directory given": {},
		"memory limit":            {DataDir: "d", Memory: 1},
	} {
		if _, err := bad.complete(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("complete(%+v) = %v, want %q", bad, err, name)
		}
	}
}

func TestDSN(t *testing.T) {
	for _, tt := range []struct{ socket, want string }{
		{"/run/plimsoll/clickhouse.sock", "unix:///run/plimsoll/clickhouse.sock?database=plimsoll"},
		{"/a b/c?.sock", "unix:///a%20b/c%3F.sock?database=plimsoll"},
	} {
		if got := DSN(tt.socket, Database); got != tt.want {
			t.Errorf("DSN(%q) = %s, want %s", tt.socket, got, tt.want)
		}
	}
}

func TestFindLibrary(t *testing.T) {
	touch := func(parts ...string) string {
		path := filepath.Join(parts...)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	work, bin, empty := t.TempDir(), t.TempDir(), t.TempDir()
	cached := touch(work, ".cache", "tools", "libchdb.so")
	beside := touch(bin, "libchdb.so")
	named := touch(t.TempDir(), "mine.so")
	exe := filepath.Join(bin, "plimsoll")
	tests := []struct {
		name, flag, env, work, exe string
		want                       string
		err                        string
	}{
		{"flag first", named, "/nowhere", work, exe, named, ""},
		{"then environment", "", named, work, exe, named, ""},
		{"then cache", "", "", work, exe, cached, ""},
		{"then beside the program", "", "", empty, exe, beside, ""},
		{"nowhere", "", "", empty, filepath.Join(empty, "p"), "", "libchdb.so not found at " + filepath.Join(empty, ".cache/tools/libchdb.so") + ": run `make tools`, or name one with --library"},
		{"a named one is not replaced by another", "/nowhere", "", work, exe, "", "at /nowhere: run `make tools`"},
		{"a directory is none", work, "", work, exe, "", "at " + work},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FindLibrary(tt.flag, func(string) string { return tt.env }, tt.work, tt.exe)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("FindLibrary = %q, %v, want %q, %q", got, err, tt.want, tt.err)
			}
		})
	}
}
