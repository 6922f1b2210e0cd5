package meshstore

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-mesh/plimsoll/record"
	"github.com/plimsoll-mesh/plimsoll/store/engine/enginetest"
	"github.com/plimsoll-mesh/plimsoll/store/query"
)

// sample returns a request and a try of it.
func sample(now time.Time) (record.Request, record.Attempt) {
	src := record.Peer{ID: "m/c/n/a", Service: "a", Source: record.IDReporter}
	dst := record.Peer{ID: "m/c/n/b", Service: "b", Source: record.IDEndpointMetadata}
	return record.Request{End: now, Vantage: record.VantageClient, Src: src, Dst: dst, Code: 200, GRPCStatus: -1, Outcome: record.OutcomeOK},
		record.Attempt{End: now, Src: src, Dst: dst, Number: 1, Code: 200, GRPCStatus: -1, Outcome: record.OutcomeOK}
}

func newTestStore(t *testing.T, dsn string, set component.TelemetrySettings) *Store {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint, cfg.Collector = configopaque.String(dsn), "test"
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := newStore(cfg, set)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOnEngine stores rows in a real ClickHouse.
func TestOnEngine(t *testing.T) {
	dsn := enginetest.Start(t)
	tel := componenttest.NewTelemetry()
	s := newTestStore(t, dsn, tel.NewTelemetrySettings())
	if err := s.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	request, attempt := sample(now)
	s.Request(&request)
	s.Attempt(&attempt)
	s.Heartbeat(&record.Heartbeat{At: now, Proxy: "sidecar", CompleteThrough: time.Unix(0, 0), Requests: 1, Attempts: 1})
	if err := s.pipeline.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := sum(t, tel, "plimsoll_store_stored", "requests"), int64(1); got != want {
		t.Errorf("%d requests stored by the metrics, want %d", got, want)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := query.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for text, want := range map[string]uint64{
		"SELECT count() FROM requests WHERE src = 'm/c/n/a' AND outcome = 'ok'":         1,
		"SELECT count() FROM attempts WHERE dst = 'm/c/n/b'":                            1,
		"SELECT count() FROM heartbeats WHERE proxy = 'sidecar' AND collector = 'test'": 1,
		"SELECT uniqExact(collector) FROM heartbeats WHERE proxy = ''":                  1,
	} {
		var got uint64
		if err := conn.QueryRow(t.Context(), text).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %d (%v), want %d", text, got, err, want)
		}
	}
}

// TestStoreDown starts without a store: rows wait, and what still waits at the
// end is named.
func TestStoreDown(t *testing.T) {
	tel := componenttest.NewTelemetry()
	s := newTestStore(t, "http://127.0.0.1:1?database=plimsoll", tel.NewTelemetrySettings())
	if err := s.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	request, _ := sample(time.Now())
	s.Request(&request)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Shutdown(ctx)
	if err == nil || !strings.Contains(err.Error(), "not stored") {
		t.Errorf("got error %v, want one about rows that are not stored", err)
	}
}

// sum returns the value of a metric for one table.
func sum(t *testing.T, tel *componenttest.Telemetry, name, table string) int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		if label, _ := p.Attributes.Value(attribute.Key("table")); label.AsString() == table {
			return p.Value
		}
	}
	return 0
}

func TestFactory(t *testing.T) {
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig().(*Config)
	if err := componenttest.CheckConfigStruct(cfg); err != nil {
		t.Error(err)
	}
	settings := extensiontest.NewNopSettings(factory.Type())
	if _, err := factory.Create(t.Context(), settings, cfg); err == nil {
		t.Error("a store without endpoint was made")
	}
	cfg.Endpoint = "http://127.0.0.1:1?database=plimsoll"
	e, err := factory.Create(t.Context(), settings, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown without start: %v", err)
	}
}

// TestMetadata holds code and README to metadata.yaml.
func TestMetadata(t *testing.T) {
	var meta struct {
		Type      string
		Status    struct{ Stability map[string][]string }
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
	if _, ok := meta.Status.Stability[strings.ToLower(factory.Stability().String())]; !ok || meta.Type != factory.Type().String() {
		t.Errorf("type %q, stability %v; the code has %q, %v", meta.Type, meta.Status.Stability, factory.Type(), factory.Stability())
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
		if !strings.Contains(string(source), fmt.Sprintf("(%q, %q, %q)", name, m.Unit, m.Description)) {
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
