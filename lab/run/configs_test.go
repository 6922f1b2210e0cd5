package run

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

func TestCollectorConfig(t *testing.T) {
	text, err := collectorConfig("unix:///run/ch.sock?database=plimsoll", "/q", 18001, 18002)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "collector.yaml", text)
}

func TestAnalyzerConfig(t *testing.T) {
	full := analyzerSettings{
		dsn: "unix:///run/ch.sock?database=plimsoll", listen: "127.0.0.1:18000", state: "/state", slos: []string{"/slo-0.yaml"},
		hookURL: "http://127.0.0.1:18003/hook", hookKey: "/secret", meshURL: "http://127.0.0.1:18004", meshToken: "/mesh.token",
	}
	text, err := full.yaml()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "analyzer.yaml", text)
}

func TestDatabase(t *testing.T) {
	for dsn, want := range map[string]string{
		unixDSN("/a/b.sock"):                          "plimsoll",
		"http://u:p@host:8123?database=lab&timeout=1": "lab",
		"http://host:8123":                            "plimsoll",
	} {
		if got := database(dsn); got != want {
			t.Errorf("database of %s is %s, want %s", dsn, got, want)
		}
	}
}
