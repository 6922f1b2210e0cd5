package meshmetrics

import (
	"os"
	"strings"
	"testing"
)

// TestRecordPage writes testdata/envoy-1.40.txt anew, from a real Envoy under
// load, where PLIMSOLL_RECORD_PAGE is set. Its values differ each time, so
// -update alone does not do it; it rewrites what is made of the page.
func TestRecordPage(t *testing.T) {
	if os.Getenv("PLIMSOLL_RECORD_PAGE") == "" {
		t.Skip("PLIMSOLL_RECORD_PAGE is not set")
	}
	dir := runEnvoy(t)
	load(t, dir, 20)
	settle(t, dir)
	page := strings.ReplaceAll(fetch(t, dir, "admin", "/stats/prometheus"), dir, "/run/lab")
	if err := os.WriteFile("testdata/envoy-1.40.txt", []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}
