package blockrelay

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/store/ingest/relay/relaytest"
)

// sums lists what the receiver reports, one "labels value" each.
func sums(t *testing.T, tel *componenttest.Telemetry, name string) []string {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		lines = append(lines, fmt.Sprintf("%s %d", p.Attributes.Encoded(attribute.DefaultEncoder()), p.Value))
	}
	slices.Sort(lines)
	return lines
}

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	path := filepath.Join(shortDir(t), "s")
	r := start(t, &fakeStore{}, tel.NewTelemetrySettings(), func(c *Config) { c.Endpoint = "unix://" + path })
	client := sender(t, "plimsoll+unix://"+path)
	block := relaytest.Block(t, 1, 3)
	for range 2 {
		if err := client.Post(t.Context(), block); err != nil {
			t.Fatal(err)
		}
	}
	raw(t, path, func(r *http.Request) { setBody(r, strings.NewReader("garbage"), 7) })
	for name, want := range map[string][]string{
		"plimsoll_relay_blocks":  {"again=false,table=requests 1", "again=true,table=requests 1"},
		"plimsoll_relay_rows":    {"table=requests 3"},
		"plimsoll_relay_refused": {"status=400 1"},
		"plimsoll_relay_held":    {" 0"},
	} {
		if got := sums(t, tel, name); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	m, err := tel.GetMetric("plimsoll_relay_block_size")
	if err != nil {
		t.Fatal(err)
	}
	point := m.Data.(metricdata.Histogram[int64]).DataPoints[0]
	if point.Count != 1 || point.Sum != int64(len(block.Body)) || !slices.Equal(point.Bounds, sizes) {
		t.Errorf("block sizes: %+v", point)
	}
	if err := r.telemetry.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := tel.GetMetric("plimsoll_relay_held"); err == nil {
		t.Error("metrics are still observed after the shutdown")
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestMetadata holds code and README to metadata.yaml.
func TestMetadata(t *testing.T) {
	var meta struct {
		Type   string
		Status struct {
			Stability map[string][]string
		}
		Telemetry struct {
			Metrics map[string]struct{ Description, Unit string }
		}
	}
	data, err := os.ReadFile("metadata.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &meta); err != nil {
		t.Fatal(err)
	}
	factory := NewFactory()
	if meta.Type != factory.Type().String() || !slices.Contains(meta.Status.Stability[strings.ToLower(factory.LogsStability().String())], "logs") {
		t.Errorf("type %q, stability %v; the code has %q, logs %v", meta.Type, meta.Status.Stability, factory.Type(), factory.LogsStability())
	}
	if factory.TracesStability() != component.StabilityLevelUndefined || factory.MetricsStability() != component.StabilityLevelUndefined {
		t.Error("the code has signals that metadata.yaml lacks")
	}
	source, err := os.ReadFile("telemetry.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range meta.Telemetry.Metrics {
		if !strings.Contains(string(source), fmt.Sprintf("%q,\n\t\tmetric.WithDescription(%q), metric.WithUnit(%q)", name, m.Description, m.Unit)) {
			t.Errorf("telemetry.go has no metric %q of this description and unit", name)
		}
		if !strings.Contains(string(readme), fmt.Sprintf("| `%s` |", name)) || !strings.Contains(string(readme), m.Description) {
			t.Errorf("README.md does not describe %q", name)
		}
	}
	if n := strings.Count(string(source), `"plimsoll_`); n != len(meta.Telemetry.Metrics) {
		t.Errorf("telemetry.go has %d metrics, metadata.yaml %d", n, len(meta.Telemetry.Metrics))
	}
}
