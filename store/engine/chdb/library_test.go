package chdb_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/store/engine/chdb"
)

func TestLoadRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, contains string
	}{
		{"a missing file", "/nowhere/libchdb.so", "/nowhere/libchdb.so"},
		{"a file that is no library", text, "loading " + text},
		{"another library", "libc.so.6", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.path == "libc.so.6" {
				tt.path = systemLibrary(t)
				tt.contains = tt.path + " is not libchdb 26.7.x: symbol chdb_"
			}
			_, err := chdb.Load(tt.path)
			if !errors.Is(err, chdb.ErrLibrary) || !strings.Contains(err.Error(), tt.contains) {
				t.Errorf("error = %v, want ErrLibrary with %q", err, tt.contains)
			}
		})
	}
	if _, err := chdb.Load("/nowhere/libchdb.so"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error of a missing file = %v, want fs.ErrNotExist within", err)
	}
}

// systemLibrary returns the path of some shared library that every Linux has.
func systemLibrary(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/lib/*-linux-gnu/libm.so.6", "/lib64/libm.so.6", "/usr/lib/libm.so.6"} {
		if paths, err := filepath.Glob(pattern); err == nil && len(paths) > 0 {
			return paths[0]
		}
	}
	t.Skip("no libm.so.6 on this system")
	return ""
}

func TestLoadTwiceIsOneLibrary(t *testing.T) {
	first, second := load(t), load(t)
	if first.Version() != second.Version() || !strings.HasPrefix(first.Version(), chdb.Series) {
		t.Errorf("versions = %q and %q, want both %sx", first.Version(), second.Version(), chdb.Series)
	}
}
