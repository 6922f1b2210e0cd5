package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// LibraryEnv names libchdb.so when no flag does.
const LibraryEnv = "PLIMSOLL_LIBCHDB"

// ErrNoLibrary is returned when libchdb.so is not where it was named or looked for.
var ErrNoLibrary = errors.New("libchdb.so not found")

// FindLibrary returns the path of libchdb.so: named, if not empty, else the value
// of PLIMSOLL_LIBCHDB, else .cache/tools/libchdb.so below workDir, where
// "make tools" puts it, else libchdb.so beside the executable.
func FindLibrary(named string, getenv func(string) string, workDir, executable string) (string, error) {
	if named == "" {
		named = getenv(LibraryEnv)
	}
	candidates := []string{
		filepath.Join(workDir, ".cache", "tools", "libchdb.so"),
		filepath.Join(filepath.Dir(executable), "libchdb.so"),
	}
	if named != "" {
		candidates = []string{named}
	}
	for _, path := range candidates {
		if isLibrary(path) {
			return path, nil
		}
	}
	return "", noLibrary(candidates[0])
}

func isLibrary(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func noLibrary(path string) error {
	return fmt.Errorf("%w at %s: run `make tools`, or name one with --library", ErrNoLibrary, path)
}
