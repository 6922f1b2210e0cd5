package meshstore

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.yaml.in/yaml/v3"
)

// reported lists what the exporters report under a name, one "labels value"
// each.
func reported(t *testing.T, tel *componenttest.Telemetry, name string) []string {
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

// TestTelemetry runs all signals of one exporter and reads what it says of
// itself.
func TestTelemetry(t *testing.T) {
	tel, store := componenttest.NewTelemetry(), &fakeStore{}
	set := tel.NewTelemetrySettings()
	traces, logs, metrics := started(t, store, "traces", set), started(t, store, "logs", set), started(t, store, "metrics", set)

	late := spans(1)
	late.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetStartTimestamp(stamp(-7200e9))
	if err := newTraces(traces).ConsumeTraces(t.Context(), withBad(late)); err != nil {
		t.Error(err)
	}
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("hello")
	if err := newLogs(logs).ConsumeLogs(t.Context(), ld); err != nil {
		t.Error(err)
	}
	md := pmetric.NewMetrics()
	list := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, name := range []string{"http.server.active", "http.client.active", "go_goroutines"} {
		m := list.AppendEmpty()
		m.SetName(name)
		m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	}
	if err := newMetrics(metrics).ConsumeMetrics(t.Context(), md); err != nil {
		t.Error(err)
	}
	store.full = true
	for range 2 {
		if err := newLogs(logs).ConsumeLogs(t.Context(), ld); err == nil {
			t.Error("a store without room took logs")
		}
	}

	for name, want := range map[string][]string{
		"plimsoll_otlp_rows":    {"kind=span,signal=traces 1"},
		"plimsoll_otlp_refused": {"reason=no_span_id,signal=traces 1", "reason=no_time,signal=traces 1", "reason=no_trace_id,signal=traces 1"},
		"plimsoll_otlp_skipped": {"reason=no_trace,signal=logs 1", "reason=unknown_metric,signal=metrics 3"},
		"plimsoll_otlp_unknown_metrics": {
			"family=go,signal=metrics 1", "family=http,signal=metrics 2",
		},
		"plimsoll_otlp_clamped":     {"signal=traces 1"},
		"plimsoll_otlp_turned_away": {"signal=logs 2"},
	} {
		if got := reported(t, tel, name); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, b := range []*base{traces, logs, metrics} {
		if err := b.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := tel.GetMetric("plimsoll_otlp_rows"); err == nil {
		t.Error("metrics are still reported after the shutdown")
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFamilies(t *testing.T) {
	for name, want := range map[string]string{
		"http.server.duration": "http", "go_gc_seconds": "go", "a-b": "a", "a/b": "a", "plain": "plain", "": "", ".dot": ".dot",
	} {
		if got := familyOf(name); got != want {
			t.Errorf("family of %q: got %q, want %q", name, got, want)
		}
	}
	var f families
	for i := range maxFamilies + 50 {
		f.add(fmt.Sprintf("name%d.x", i), 2)
	}
	f.add("name1.y", 1)
	counts := map[string]uint64{}
	f.each(func(family string, points uint64) { counts[family] = points })
	if len(counts) != maxFamilies+1 || counts["~other"] != 100 || counts["name1"] != 3 {
		t.Errorf("%d families, %d points of others, %d of name1; want %d, 100, 3", len(counts), counts["~other"], counts["name1"], maxFamilies+1)
	}
}

// TestNames: each kind and each reason has a name of its own.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for i, name := range append(kindNames[:], reasonNames[:]...) {
		if empty := i == int(kindCount)+int(firstSkip); (name == "") != empty || seen[name] {
			t.Errorf("name %d is %q", i, name)
		}
		seen[name] = true
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
			Metrics map[string]struct {
				Description, Unit string
				Attributes        []string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "metadata.yaml")), &meta); err != nil {
		t.Fatal(err)
	}
	factory := NewFactory()
	if meta.Type != factory.Type().String() || !slices.Equal(meta.Status.Stability["alpha"], []string{"traces", "logs", "metrics"}) {
		t.Errorf("type %q, stability %v; the code has %q", meta.Type, meta.Status.Stability, factory.Type())
	}
	for _, level := range []component.StabilityLevel{factory.TracesStability(), factory.LogsStability(), factory.MetricsStability()} {
		if level != component.StabilityLevelAlpha {
			t.Errorf("the code has a signal that is %v", level)
		}
	}
	readme, source := read(t, "README.md"), read(t, "telemetry.go")
	for name, m := range meta.Telemetry.Metrics {
		if !strings.Contains(source, fmt.Sprintf("%q,\n\t\tmetric.WithDescription(%q), metric.WithUnit(%q)", name, m.Description, m.Unit)) {
			t.Errorf("telemetry.go has no metric %q of this description and unit", name)
		}
		if !strings.Contains(readme, fmt.Sprintf("| `%s` | `%s` | %s |", name, strings.Join(m.Attributes, "`, `"), m.Description)) {
			t.Errorf("README.md does not describe %q", name)
		}
	}
	if n := strings.Count(source, `"plimsoll_`); n != len(meta.Telemetry.Metrics) {
		t.Errorf("telemetry.go has %d metrics, metadata.yaml %d", n, len(meta.Telemetry.Metrics))
	}
	for _, reason := range reasonNames {
		if reason != "" && !strings.Contains(readme, "`"+reason+"`") {
			t.Errorf("README.md does not explain reason %q", reason)
		}
	}
}

// TestReadmeConfig holds the access logger of the README to the one that the
// test with a real Envoy uses.
func TestReadmeConfig(t *testing.T) {
	readme, tested := read(t, "README.md"), read(t, "testdata/envoy.yaml")
	lines := 0
	for line := range strings.Lines(tested) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "- {key: ") {
			lines++
			if !strings.Contains(readme, line) {
				t.Errorf("README.md lacks %q", line)
			}
		}
	}
	if lines < 30 {
		t.Errorf("testdata/envoy.yaml has %d attributes, want those of the access logger", lines)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
