package analyzer

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-mesh/plimsoll/analyzer/alert"
	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

func TestReadConfig(t *testing.T) {
	got, err := ReadConfig("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Store:         "unix:///run/plimsoll/clickhouse.sock?database=plimsoll",
		Listen:        "127.0.0.1:18090",
		State:         "/var/lib/plimsoll",
		SLOs:          []string{"testdata/slos/shop.yaml", "/etc/plimsoll/slos/pay.yaml"},
		EvaluateEvery: yamlfile.Duration(time.Second),
		Webhooks: []alert.Target{{
			Name: "oncall", URL: "https://hooks.example.com/plimsoll",
			SecretFile: "testdata/webhook.secret", Severities: []string{"page"},
		}},
		Mesh: &Mesh{URL: "http://127.0.0.1:18098", TokenFile: "testdata/mesh.token"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestReadConfigDefaults(t *testing.T) {
	got, err := ReadConfig("testdata/least.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Store: "http://127.0.0.1:8123", Listen: "[::1]:18090", State: "testdata/state",
		EvaluateEvery: yamlfile.Duration(DefaultEvaluateEvery),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

// TestReadConfigRefuses reads every testdata/*.bad.yaml; what it must be refused
// with stands in the file of the same name with .err.
func TestReadConfigRefuses(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := ReadConfig(file)
			if err == nil {
				t.Fatal("accepted")
			}
			wanted := strings.TrimSuffix(file, ".yaml") + ".err"
			golden.Check(t, wanted, []byte(err.Error()+"\n"))
		})
	}
}

func TestReadConfigMissing(t *testing.T) {
	if _, err := ReadConfig("testdata/none.yaml"); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("error %v, want one that names the file", err)
	}
}
