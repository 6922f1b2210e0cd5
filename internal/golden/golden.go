// Package golden compares what a test made with a file under testdata. With
// the flag -update, which it gives every test binary that imports it, the file
// is rewritten instead: review the difference like code.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

// Check fails the test if the file at path does not hold got.
func Check(t testing.TB, path string, got []byte) {
	t.Helper()
	if Update(t, path, got) {
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; -update writes it", err)
		return
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", path, diff)
	}
}

// Update writes got to the file if the flag -update is set, and tells whether
// it is: for tests that compare in a way of their own.
func Update(t testing.TB, path string, got []byte) bool {
	t.Helper()
	if !*update {
		return false
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, got, 0o644); err != nil {
		t.Fatal(err)
	}
	return true
}
