package envoyals

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/alstest"
	"github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/rows"
)

// metrics lists what the receiver reports, one "name{labels} value" each.
func metrics(t *testing.T, tel *componenttest.Telemetry, name string) []string {
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
	store := newFakeStore()
	r := startAt(t, store, "127.0.0.1:0", tel.NewTelemetrySettings())
	stream := dial(t, r)
	late := alstest.Outbound()
	late.CommonProperties.StartTime.Seconds -= 7200
	interim := alstest.Outbound()
	interim.CommonProperties.AccessLogType = 4
	odd := alstest.Outbound()
	odd.CommonProperties.FilterStateObjects = map[string]*anypb.Any{"upstream_peer": alstest.Object(wrapperspb.Bool(true))}
	send(t, stream,
		alstest.TCPMessage(nil, alstest.Connection(), alstest.Connection()), // before any identifier
		alstest.Message(alstest.Identifier("mesh.request"), alstest.Outbound(), late, interim, odd, alstest.Try()),
		alstest.TCPMessage(nil, alstest.Connection(), alstest.Arrival()))
	for i := range rows.MaxRoutes + 3 { // one route is taken
		extra := alstest.Outbound()
		extra.CommonProperties.RouteName = fmt.Sprint("route ", i)
		send(t, stream, alstest.Message(nil, extra))
	}
	if _, err := stream.CloseAndRecv(); err != nil { // answered when all is counted
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"plimsoll_als_entries":          {"kind=attempt,outcome=timeout 1", "kind=flow,outcome=ok 2", "kind=interim 1", "kind=request,outcome=ok 206"},
		"plimsoll_als_refused":          {"reason=no_identifier 2"},
		"plimsoll_als_clamped":          {" 1"},
		"plimsoll_als_capped":           {"cap=route 4"},
		"plimsoll_als_unreadable_peers": {" 1"},
		"plimsoll_als_streams":          {" 0"},
	} {
		if got := metrics(t, tel, name); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	shutdown(t, r)
	if _, err := tel.GetMetric("plimsoll_als_streams"); err == nil {
		t.Error("metrics are still reported after the shutdown")
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
			Metrics map[string]struct {
				Description, Unit string
				Attributes        []string
			}
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
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("telemetry.go")
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
