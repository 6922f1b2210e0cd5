package run

import (
	"path/filepath"
	"testing"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
)

func TestCollectorConfigs(t *testing.T) {
	at := place{root: "/lab"}
	for name, c := range map[string]collectorSettings{
		"collector.yaml": {name: "lab", dsn: "unix:///run/ch.sock?database=plimsoll", place: at, als: "fd:3", metrics: true, health: 18002},
		"central.yaml":   {name: "central", dsn: "http://ch:8123?database=plimsoll", place: at, relay: "unix:///lab/s/relay.sock", health: 18003},
	} {
		text, err := c.yaml()
		if err != nil {
			t.Fatal(err)
		}
		golden.Check(t, filepath.Join("testdata", name), text)
	}
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
	golden.Check(t, filepath.Join("testdata", "analyzer.yaml"), text)
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
