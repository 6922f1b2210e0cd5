package httpd_test

import (
	"os"
	"regexp"
	"testing"
)

// statusNames reads the codes and the names beside them out of status.go.
func statusNames(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile("status.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s+(\d+),\s+// ([A-Z0-9_]+)$`).FindAllSubmatch(source, -1) {
		names[string(m[1])] = string(m[2])
	}
	if len(names) < 50 {
		t.Fatalf("only %d codes found in status.go", len(names))
	}
	return names
}
